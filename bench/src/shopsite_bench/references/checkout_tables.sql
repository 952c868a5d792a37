-- Tables with the columns, defaults and indexes of those that a checkout writes, where nobody else looks.
DROP SCHEMA IF EXISTS bench_catalog, bench_orders CASCADE;
CREATE SCHEMA bench_catalog;
CREATE SCHEMA bench_orders;
CREATE TABLE bench_catalog.products (LIKE catalog.products INCLUDING ALL);
CREATE TABLE bench_catalog.reservations (LIKE catalog.reservations INCLUDING ALL);
CREATE TABLE bench_catalog.reservation_lines (LIKE catalog.reservation_lines INCLUDING ALL);
CREATE TABLE bench_catalog.stock_movements (LIKE catalog.stock_movements INCLUDING ALL);
CREATE TABLE bench_catalog.cache_marks (LIKE catalog.cache_marks INCLUDING ALL);
CREATE TABLE bench_catalog.event_sequences (LIKE catalog.event_sequences INCLUDING ALL);
CREATE TABLE bench_catalog.outbox (LIKE catalog.outbox INCLUDING ALL);
CREATE TABLE bench_orders.order_ids (LIKE orders.order_ids INCLUDING ALL);
CREATE TABLE bench_orders.orders (LIKE orders.orders INCLUDING ALL);
CREATE TABLE bench_orders.order_items (LIKE orders.order_items INCLUDING ALL);
CREATE TABLE bench_orders.order_history (LIKE orders.order_history INCLUDING ALL);
CREATE TABLE bench_orders.event_sequences (LIKE orders.event_sequences INCLUDING ALL);
CREATE TABLE bench_orders.outbox (LIKE orders.outbox INCLUDING ALL);
INSERT INTO bench_catalog.products (id, name, description, price, category_id, tags, stock, low_stock_threshold,
                                    is_featured, rating_average, review_count, created_at, updated_at)
SELECT id, name, description, price, category_id, tags, stock, low_stock_threshold, is_featured, rating_average,
       review_count, created_at, updated_at
FROM catalog.products;
INSERT INTO bench_catalog.event_sequences SELECT id::text, 1 FROM bench_catalog.products;
ANALYZE;
