-- The filter is put together from fixed conditions; a category is a parameter of its own.
SELECT count(*)
FROM products
WHERE {filter}
