-- Ids given from now on are higher than $1.
SELECT setval('product_ids', $1)
FROM product_ids
WHERE last_value < $1 OR NOT is_called
