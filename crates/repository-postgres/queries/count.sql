SELECT count(*)
FROM products
