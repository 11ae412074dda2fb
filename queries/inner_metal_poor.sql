-- How many metal-poor stars ([Fe/H] < -1) live within 5 kpc of the centre, and what do they weigh?
-- Plot       none
-- Shape      1 row: n, mass
-- Source     the aurora or poor old heart of a galaxy
SELECT count(*) AS n, sum(mass) AS mass
FROM stars@disc
WHERE radius(x, y, z) < 5 AND feh < -1;
