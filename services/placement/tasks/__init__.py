"""Tasks (할 일): what awaits whoever asks, of everything that placement keeps; read only, nothing is stored."""
