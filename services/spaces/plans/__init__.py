"""Plans (구독 상품), and residents' subscriptions to them: cycles, pauses, members, ends."""
