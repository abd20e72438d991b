"""Where a resident is paid: a bank account or a wallet of a local currency (지역화폐), shown masked."""
