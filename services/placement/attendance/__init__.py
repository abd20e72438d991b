"""Attendance (출근 확인): one sheet a shift and place, its witnesses, what it counts, corrections and disputes."""
