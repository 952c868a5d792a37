from shopsite_notifications.consumers import HANDLERS


def test_the_queues_and_their_bindings_are_these():
    bindings = {s.queue: [event.binding_key() for event in s.events] for s in HANDLERS}
    assert bindings == {
        "notifications.on_customer_registered": ["identity.CustomerRegistered.v1"],
        "notifications.on_customer_updated": ["identity.CustomerUpdated.v1"],
        "notifications.on_customer_deleted": ["identity.CustomerDeleted.v1"],
        "notifications.on_password_reset_requested": ["identity.PasswordResetRequested.v1"],
        "notifications.on_order_created": ["orders.OrderCreated.v1"],
        "notifications.on_order_paid": ["orders.OrderPaid.v1"],
        "notifications.on_order_shipped": ["orders.OrderShipped.v1"],
        "notifications.on_order_cancelled": ["orders.OrderCancelled.v1"],
        "notifications.on_payment_refunded": ["payments.PaymentRefunded.v1"],
        "notifications.on_stock_low": ["catalog.StockLow.v1"],
        "notifications.on_payment_held": ["payments.PaymentHeld.v1"],
        "notifications.on_refund_failed": ["payments.RefundFailed.v1"],
    }


def test_every_type_that_makes_a_mail_must_find_its_queue():
    assert all(event.consumed for subscription in HANDLERS for event in subscription.events)
