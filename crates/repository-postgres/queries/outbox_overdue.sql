-- Whether more than $1 rows are pending, or one of them, a product, is older than $2 microseconds; never without a shared level.
SELECT current IS NOT NULL AND (
    $1::bigint < (SELECT count(*) FROM (SELECT FROM outbox WHERE taken_by IS NULL ORDER BY id LIMIT $1::bigint + 1) AS few)
    OR coalesce((
        SELECT written_at <= clock_timestamp() - $2::bigint * interval '1 microsecond'
        FROM outbox
        WHERE taken_by IS NULL AND product_id IS NOT NULL
        ORDER BY id
        LIMIT 1
    ), false)
)
FROM outbox_state
