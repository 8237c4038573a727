-- As find_ids.sql, of the products whose texts match: all of them are found first, and then sorted. Finds rare words soon.
SELECT p.id, {keys}
FROM product_search AS s
CROSS JOIN LATERAL (
    SELECT id, created_at, price, sales, popularity, rating
    FROM products
    WHERE products.id = s.product_id
    OFFSET 0
) AS p
WHERE search_grams(s.folded) @> {grams} AND s.folded LIKE ALL ({patterns}) AND {conditions}
ORDER BY {order}
LIMIT {limit} OFFSET {offset}
