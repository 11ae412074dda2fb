-- When did the disc spin up: rotation, dispersion and height of the stars of each age?
-- Plot       v_phi and its dispersion against age
-- Shape      about 12 rows: age (bin start), n, mean v_phi, sd v_phi, mean |z|
-- Source     golden thread II, kinematics over age
SELECT floor(age) AS age_from, count(*) AS n, avg(v_phi) AS mean_v_phi, stddev(v_phi) AS sd_v_phi, avg(abs(z)) AS mean_height
FROM stars@disc
WHERE radius(x, y, z) < 20
GROUP BY 1
ORDER BY 1;
