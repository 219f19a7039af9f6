package recognize

import "strings"

// isTime reports whether a field is a date or a time, as "2026-11-23", "23.11.26",
// "11/23/2026", "10:30:00", "2026-11-23T10:30:00Z" or "20261123T103000Z".
func isTime(text string) bool {
	text = strings.TrimRight(text, ".,)")
	if strings.Trim(text, "0123456789-./:TZ+") != "" {
		return false
	}
	compact, isUTC := strings.CutSuffix(text, "Z")
	if day, hour, found := strings.Cut(compact, "T"); found && isUTC && len(day) == 8 && len(hour) == 6 {
		return true
	}
	if strings.Contains(text, ":") {
		return isClock(text)
	}
	return isDate(text)
}

// isClock reports whether there are exactly two digits behind each colon.
func isClock(text string) bool {
	parts := strings.Split(text, ":")
	for _, part := range parts[1:] {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		if digits != 2 {
			return false
		}
	}
	return parts[0] != ""
}

// isDate reports whether there are a day, a month and a year with signs between.
func isDate(text string) bool {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("-./", r) })
	if len(parts) != 3 {
		return false
	}
	day := func(s string) bool { return len(s) <= 2 && numberOf(s) <= 31 }
	year := func(s string) bool { return len(s) == 2 || len(s) == 4 && (s[:2] == "19" || s[:2] == "20") }
	return day(parts[1]) && (year(parts[0]) && day(parts[2]) || day(parts[0]) && year(parts[2]))
}
