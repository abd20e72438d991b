"""``python -m shared.reach``: compile the kernel, once for all processes of this checkout."""

from shared.reach.warming import warm

if __name__ == "__main__":
    warm()
