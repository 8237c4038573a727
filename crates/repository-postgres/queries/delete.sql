-- One row if the product exists: what it was, and the version of its removal, or NULL if it is not at version $2.
WITH before AS MATERIALIZED (
    SELECT
        id, name, description, price, original_price, stock, sku, category, subcategory, brand,
        sales, popularity, rating, review_count, is_published, is_featured, main_image_url, created_at, updated_at,
        version
    FROM products
    WHERE id = $1
    FOR UPDATE
),
removed AS (
    DELETE FROM products AS p
    USING before
    WHERE p.id = before.id AND ($2::bigint IS NULL OR p.version = $2)
    -- Drawn by the trigger that stamps removals.
    RETURNING currval('product_versions') AS version
)
SELECT
    before.id, before.name, before.description, before.price, before.original_price, before.stock, before.sku,
    before.category, before.subcategory, before.brand,
    before.sales, before.popularity, before.rating, before.review_count, before.is_published, before.is_featured,
    before.main_image_url, before.created_at, before.updated_at, before.version,
    removed.version,
    pg_current_xact_id()::text::bigint, outbox_timeline()
FROM before
LEFT JOIN removed ON true
