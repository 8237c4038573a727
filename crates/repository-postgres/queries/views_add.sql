-- Adds $3 to the popularity of the products $2, unless the batch $1 was added before. Answers whether it was added now, and to how many.
-- Rows are locked in the order of their ids, so that two batches never wait for each other in a circle.
WITH batch AS (
    INSERT INTO view_batches (id)
    VALUES ($1)
    ON CONFLICT DO NOTHING
    RETURNING id
),
locked AS MATERIALIZED (
    SELECT id
    FROM products
    WHERE id = ANY ($2) AND EXISTS (SELECT FROM batch)
    ORDER BY id
    FOR NO KEY UPDATE
),
viewed AS (
    UPDATE products AS p
    SET popularity = least(p.popularity + counted.views, 1000000000000)
    FROM locked
    JOIN unnest($2::bigint[], $3::bigint[]) AS counted (id, views) USING (id)
    WHERE p.id = locked.id AND p.popularity < 1000000000000 AND counted.views > 0
    RETURNING p.id
),
expired AS MATERIALIZED (
    SELECT id
    FROM view_batches
    WHERE added_at < now() - interval '25 hours'
    ORDER BY added_at
    LIMIT 100
    FOR UPDATE SKIP LOCKED
),
trimmed AS (
    DELETE FROM view_batches
    USING expired
    WHERE view_batches.id = expired.id
)
SELECT EXISTS (SELECT FROM batch), (SELECT count(*) FROM viewed)
