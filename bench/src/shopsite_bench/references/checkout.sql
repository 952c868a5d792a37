-- What the two transactions of a checkout write, with the same statements: catalog's, then orders'.
\set first random(1, 5000)
\set second random(5001, 10000)
\set number random(1, 1000000000000000)
\set customer random(1, 16)
BEGIN;
INSERT INTO bench_catalog.reservations (order_id, customer_id, status, refunded, created_at, expires_at)
VALUES (md5('o' || :number)::uuid, md5('c' || :customer)::uuid, 'held', false, now(), now() + interval '2 minutes')
ON CONFLICT DO NOTHING;
SELECT id, price, stock, deleted_at FROM bench_catalog.products
WHERE id IN (md5('product' || :first)::uuid, md5('product' || :second)::uuid) ORDER BY id FOR NO KEY UPDATE;
WITH taken AS (
    UPDATE bench_catalog.products SET stock = stock - 1
    WHERE id IN (md5('product' || :first)::uuid, md5('product' || :second)::uuid) AND stock >= 1
    RETURNING id, name, price, stock
), moved AS (
    INSERT INTO bench_catalog.stock_movements (id, product_id, delta, level, kind, reason, actor, order_id, at)
    SELECT gen_random_uuid(), id, -1, stock, 'reservation', 'reservation', md5('c' || :customer)::uuid,
           md5('o' || :number)::uuid, now()
    FROM taken
), reserved AS (
    INSERT INTO bench_catalog.reservation_lines (order_id, product_id, name, unit_price, quantity)
    SELECT md5('o' || :number)::uuid, id, name, price, 1 FROM taken
), marked AS (
    INSERT INTO bench_catalog.cache_marks (product_id) SELECT id FROM taken
)
SELECT id, name, stock FROM taken ORDER BY id;
WITH numbered AS (
    INSERT INTO bench_catalog.event_sequences AS s (subject, last) VALUES (md5('product' || :first)::uuid::text, 1)
    ON CONFLICT (subject) DO UPDATE SET last = s.last + 1 RETURNING s.last
)
INSERT INTO bench_catalog.outbox (event_id, type, subject, sequence, data, traceparent, request_id)
SELECT gen_random_uuid(), 'StockChanged.v1', md5('product' || :first)::uuid::text, last,
       jsonb_build_object('product_id', md5('product' || :first)::uuid, 'stock', 999999, 'delta', -1,
                          'reason', 'reservation'),
       '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'bench'
FROM numbered;
WITH numbered AS (
    INSERT INTO bench_catalog.event_sequences AS s (subject, last) VALUES (md5('product' || :second)::uuid::text, 1)
    ON CONFLICT (subject) DO UPDATE SET last = s.last + 1 RETURNING s.last
)
INSERT INTO bench_catalog.outbox (event_id, type, subject, sequence, data, traceparent, request_id)
SELECT gen_random_uuid(), 'StockChanged.v1', md5('product' || :second)::uuid::text, last,
       jsonb_build_object('product_id', md5('product' || :second)::uuid, 'stock', 999999, 'delta', -1,
                          'reason', 'reservation'),
       '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'bench'
FROM numbered;
COMMIT;
BEGIN;
SELECT pg_advisory_xact_lock(hashtextextended('bench customer ' || :customer, 0));
INSERT INTO bench_orders.order_ids (order_id, kind, noted_at) VALUES (md5('o' || :number)::uuid, 'order', now())
ON CONFLICT DO NOTHING;
INSERT INTO bench_orders.orders (
    id, number, customer_id, customer_email, status, total, currency, shipping_address, billing_address, payment_due_at,
    bought, money, held, shipping_blocked, refund_pending, fully_refunded, refunded, erase_when_final, created_at,
    updated_at)
VALUES (md5('o' || :number)::uuid, 'SO-' || :number, md5('c' || :customer)::uuid, 'ada@example.com', 'CREATED', 400,
        'NGN', '123 Main St, Lagos', '456 Billing Ave, Lagos', now() + interval '30 minutes', false, false, false,
        false, false, false, 0, false, now(), now());
INSERT INTO bench_orders.order_items (
    order_id, position, cart_line_id, product_id, name, unit_price, quantity, subtotal)
VALUES (md5('o' || :number)::uuid, 0, gen_random_uuid(), md5('product' || :first)::uuid, 'Lamp of series 1', 200, 1, 200),
       (md5('o' || :number)::uuid, 1, gen_random_uuid(), md5('product' || :second)::uuid, 'Lamp of series 2', 200, 1, 200)
ON CONFLICT (cart_line_id) DO NOTHING;
INSERT INTO bench_orders.order_history (
    order_id, at, kind, status, actor, actor_id, text, details, trace_id, in_history, public)
VALUES (md5('o' || :number)::uuid, now(), 'order_created', 'CREATED', 'customer', md5('c' || :customer)::uuid,
        'Order placed, stock reserved', '{}', '0af7651916cd43dd8448eb211c80319c', true, true);
WITH numbered AS (
    INSERT INTO bench_orders.event_sequences AS s (subject, last) VALUES (md5('o' || :number)::uuid::text, 1)
    ON CONFLICT (subject) DO UPDATE SET last = s.last + 1 RETURNING s.last
)
INSERT INTO bench_orders.outbox (event_id, type, subject, sequence, data, traceparent, request_id)
SELECT gen_random_uuid(), 'OrderCreated.v1', md5('o' || :number)::uuid::text, last,
       jsonb_build_object(
           'order_id', md5('o' || :number)::uuid, 'number', 'SO-' || :number, 'customer_id', md5('c' || :customer)::uuid,
           'items', jsonb_build_array(
               jsonb_build_object('product_id', md5('product' || :first)::uuid, 'cart_line_id', gen_random_uuid(),
                                  'name', 'Lamp of series 1', 'unit_price', '200.00', 'quantity', 1,
                                  'subtotal', '200.00'),
               jsonb_build_object('product_id', md5('product' || :second)::uuid, 'cart_line_id', gen_random_uuid(),
                                  'name', 'Lamp of series 2', 'unit_price', '200.00', 'quantity', 1,
                                  'subtotal', '200.00')),
           'total', '400.00', 'currency', 'NGN', 'created_at', now(), 'payment_due_at', now()),
       '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'bench'
FROM numbered;
COMMIT;
