package sheet

import (
	"fmt"
	"strconv"
	"strings"
)

// unescape replaces every %XX by its byte.
func unescape(text string) (string, error) {
	if strings.IndexByte(text, '%') < 0 {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		if len(text)-i < len("%XX") {
			return "", fmt.Errorf("%w: nothing follows the %% at byte %d", ErrDamaged, i)
		}
		n, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
		if err != nil {
			return "", fmt.Errorf("%w: no hexadecimal digits follow the %% at byte %d", ErrDamaged, i)
		}
		b.WriteByte(byte(n))
		i += len("XX")
	}
	return b.String(), nil
}
