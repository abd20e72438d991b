"""The HTTP door: a JSON API with its OpenAPI page, and CloudEvents in. It keeps no database and knows no rule."""
