-- What is in the galaxy: how many stars, of what mass, age and metallicity, in shells around the centre?
-- Plot       none; a census to compare with the header of the snapshot
-- Shape      5 rows: shell (inner edge), n, mass, mean age, mean [Fe/H]
-- Source     the first thing to check in any simulation
SELECT
  CASE WHEN radius(x, y, z) < 2 THEN 0 WHEN radius(x, y, z) < 5 THEN 2 WHEN radius(x, y, z) < 10 THEN 5
       WHEN radius(x, y, z) < 50 THEN 10 ELSE 50 END AS r_from_kpc,
  count(*) AS n,
  sum(mass) AS mass,
  avg(age) AS mean_age,
  avg(feh) AS mean_feh
FROM stars@disc
GROUP BY 1
ORDER BY 1;
