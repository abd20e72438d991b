"""How facts travel: outbox -> relay -> quorum queue -> consumer core -> reaction; and how services are asked (RPC)."""
