"""The subscription office (구독 오피스): a room whose facility keeps its own calendar, and eight seats for nine people."""
