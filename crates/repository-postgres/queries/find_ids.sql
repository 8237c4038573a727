-- The filter is put together from fixed conditions; a category is a parameter of its own.
SELECT id
FROM products
WHERE {filter}
ORDER BY created_at DESC, id DESC
LIMIT $1 OFFSET $2
