-- The constraints of the table keep the sums within their range.
WITH changed AS (
    UPDATE products
    SET stock = stock + $2, sales = sales + $3
    WHERE id = $1
    RETURNING
        id, name, description, price, original_price, stock, sku, category, subcategory, brand,
        sales, popularity, rating, review_count, is_published, is_featured, main_image_url, created_at, updated_at,
        version
),
recorded AS (
    INSERT INTO product_adjustments (product_id, stock, sales, reason, version)
    SELECT id, $2, $3, $4, version
    FROM changed
)
SELECT
    id, name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url, created_at, updated_at, version,
    pg_current_xact_id()::text::bigint, outbox_timeline()
FROM changed
