-- Put together from fixed parts; what comes from outside are parameters.
SELECT count(*)
FROM products AS p
WHERE {conditions}
