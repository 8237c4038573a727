SELECT
    id, name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url, created_at, updated_at, version
FROM products
WHERE id = $1
