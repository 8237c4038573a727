-- The first pending rows that no other relay holds, with the microseconds that they have waited.
SELECT
    id, product_id, version,
    before_category, before_featured, before_published,
    after_category, after_featured, after_published,
    aspects, taken_by,
    (extract(epoch FROM clock_timestamp() - written_at) * 1000000)::bigint
FROM outbox
WHERE taken_by IS NULL
ORDER BY id
LIMIT $1
FOR UPDATE SKIP LOCKED
