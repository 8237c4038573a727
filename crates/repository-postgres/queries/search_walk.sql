-- As find_ids.sql, of the products whose texts match, but among the first few products of the list only. Finds common words soon.
SELECT p.*
FROM (
    SELECT p.id, {keys}
    FROM products AS p
    WHERE {conditions}
    ORDER BY {order}
    LIMIT {budget}
) AS p
CROSS JOIN LATERAL (
    SELECT
    FROM product_search AS s
    WHERE s.product_id = p.id AND s.folded LIKE ALL ({patterns})
    -- Keeps the planner from turning this around, here and in search_ids.sql.
    OFFSET 0
) AS matching
ORDER BY {order}
LIMIT {limit} OFFSET {offset}
