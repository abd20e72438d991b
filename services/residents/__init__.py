"""Who a resident is to the town: consents, contacts, the home neighbourhood, interests. The only place that knows."""
