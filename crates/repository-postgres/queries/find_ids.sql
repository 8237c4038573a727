-- A stretch of a list with the columns that it is sorted by. Put together from fixed parts; what comes from outside are parameters.
SELECT p.id, {keys}
FROM products AS p
WHERE {conditions}
ORDER BY {order}
LIMIT {limit} OFFSET {offset}
