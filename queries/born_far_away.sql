-- Which stars were born far from where they are now, and how do they differ? (birth records joined by id)
-- Plot       none; the geometric rule is a first guess, not a trace through the merger tree
-- Shape      2 rows: born_far, n, mass, mean age, mean [Fe/H], mean v_phi
-- Source     golden thread I, section 2.2: born more than 50 kpc from the centre
SELECT
  radius(b.x_birth - c.x, b.y_birth - c.y, b.z_birth - c.z) > 50 AS born_far,
  count(*) AS n, sum(s.mass) AS mass, avg(s.age) AS mean_age, avg(s.feh) AS mean_feh, avg(s.v_phi) AS mean_v_phi
FROM stars@disc AS s
JOIN births AS b ON b.id = s.id
CROSS JOIN (SELECT center(x, y, z, mass)['x'] AS x, center(x, y, z, mass)['y'] AS y, center(x, y, z, mass)['z'] AS z FROM stars) AS c
GROUP BY 1
ORDER BY 1;
