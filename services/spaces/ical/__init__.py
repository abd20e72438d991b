"""RFC 5545 as facilities really write it: read with every fault named, written the same every time."""
