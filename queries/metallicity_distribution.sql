-- How is [Fe/H] distributed among the stars within 50 kpc?
-- Plot       histogram of mass against feh, bins of 0.25 dex
-- Shape      about 12 rows: feh (bin centre), n, mass, mean age
-- Source     golden thread I, figure 6 without the energy zones
SELECT floor(feh * 4) / 4 + 0.125 AS feh_bin, count(*) AS n, sum(mass) AS mass, avg(age) AS mean_age
FROM stars@disc
WHERE radius(x, y, z) < 50 AND feh > -4
GROUP BY 1
ORDER BY 1;
