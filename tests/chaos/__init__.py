"""The town under fire: real processes, kill -9, a real mail server, and a reckoning afterwards. `./sipbun chaos`."""
