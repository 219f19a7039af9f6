package exchange

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// A file is one that is read, taken apart as far as any format needs it.
type file struct {
	data     []byte                     // as it is
	text     string                     // in UTF-8, without a byte order mark; "" if it is no text
	object   map[string]json.RawMessage // if it is one JSON object
	array    []json.RawMessage          // if it is one JSON array; not nil then
	warnings []string
}

// maxDepth is far beyond the nesting of any export.
const maxDepth = 64

func parseFile(data []byte) (*file, error) {
	if bytes.HasPrefix(data, []byte(zipMagic)) {
		unpacked, err := unzip(data)
		if err != nil {
			return nil, err
		}
		if unpacked != nil {
			data = unpacked
		}
	}
	if err := closedOf(data); err != nil {
		return nil, err
	}
	f := &file{data: data}
	begin := data[:min(len(data), 2)]
	switch utf16 := bytes.Equal(begin, []byte{0xff, 0xfe}) || bytes.Equal(begin, []byte{0xfe, 0xff}); {
	case utf16: // as Windows PowerShell writes what is sent to a file
		decoded, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		f.text = string(decoded)
	case utf8.Valid(data):
		f.text = string(bytes.TrimPrefix(data, []byte("\ufeff")))
	case !bytes.ContainsRune(data, 0): // and nothing that is binary by chance
		decoded, _ := charmap.Windows1252.NewDecoder().Bytes(bytes.TrimPrefix(data, []byte("\ufeff")))
		f.text = string(decoded)
		f.warnings = []string{"The file is not UTF-8, and was read as Windows-1252; look at the names."}
	}
	trimmed := bytes.TrimSpace([]byte(f.text))
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' {
		return f, nil
	}
	if err := checkJSON(trimmed); err != nil {
		if trimmed[0] == '[' && errors.As(err, new(*json.SyntaxError)) {
			return f, nil // a section of some other text
		}
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if trimmed[0] == '{' {
		return f, decode(trimmed, &f.object)
	}
	return f, decode(trimmed, &f.array)
}

// has reports whether the file is a JSON object with all of these members.
func (f *file) has(names ...string) bool {
	for _, name := range names {
		if _, found := f.object[name]; !found {
			return false
		}
	}
	return f.object != nil
}

// holds reports whether the file is a JSON array with an object that has all of these
// members.
func (f *file) holds(names ...string) bool {
	return slices.ContainsFunc(f.array, func(raw json.RawMessage) bool {
		var element file
		return json.Unmarshal(raw, &element.object) == nil && element.has(names...)
	})
}

// checkJSON refuses what encoding/json would take one way and an app another: members
// that come twice, and data after the end. It bounds the depth.
func checkJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var names []map[string]bool // of the objects around; nil for an array
	isName := false
	for {
		token, err := d.Token()
		if err == io.EOF && len(names) > 0 || err == io.ErrUnexpectedEOF {
			return fmt.Errorf("it ends in the middle, at byte %d", len(data))
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
		}
		if err == io.EOF {
			return nil
		}
		delim, _ := token.(json.Delim)
		switch {
		case delim == '{':
			names, isName = append(names, make(map[string]bool)), true
		case delim == '[':
			names, isName = append(names, nil), false
		case delim != 0:
			names = names[:len(names)-1]
			isName = len(names) > 0 && names[len(names)-1] != nil
		case isName:
			name := token.(string)
			if names[len(names)-1][name] {
				return fmt.Errorf("a member of an object appears twice, at byte %d", d.InputOffset())
			}
			names[len(names)-1][name], isName = true, false
		default:
			isName = len(names) > 0 && names[len(names)-1] != nil
		}
		if len(names) > maxDepth {
			return fmt.Errorf("it is nested too deep, at byte %d", d.InputOffset())
		}
		if len(names) == 0 && d.More() {
			return fmt.Errorf("something follows the end, at byte %d", d.InputOffset())
		}
	}
}

// decode decodes JSON. The error wraps ErrDamaged, and quotes nothing.
func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return fmt.Errorf("%w: %s is of the wrong type", ErrDamaged, wrong.Field)
	}
	return fmt.Errorf("%w: not what is expected there", ErrDamaged)
}

// decodeOpened is decode for what was encrypted or within another text, and not looked
// at before.
func decodeOpened(data []byte, into any) error {
	if err := checkJSON(data); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return decode(data, into)
}

// decodeEach decodes a list, one by one: one that is malformed is refused, and the
// others are taken.
func decodeEach[T any](r *reader, list []json.RawMessage, take func(T)) {
	for i, raw := range list {
		var v T
		if err := decode(raw, &v); err != nil {
			r.refuse(fmt.Sprintf("entry %d", i+1), invalid(err))
			continue
		}
		take(v)
	}
}

// A number is one in JSON, or a string that should be one, as it is spelled; null is "".
type number string

func (n *number) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		return nil
	case data[0] == '"':
		return json.Unmarshal(data, (*string)(n))
	case data[0] == '-' || '0' <= data[0] && data[0] <= '9':
		*n = number(data)
		return nil
	}
	return &json.UnmarshalTypeError{Field: "a number"}
}

func (n number) MarshalJSON() ([]byte, error) { return json.Marshal(json.Number(n)) }

// hexBytes are written in hexadecimal; null is nil.
type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.AppendDecode(nil, text)
	return err
}

func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// unbase64 decodes base64 with padding.
func unbase64(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64", ErrDamaged)
	}
	return data, nil
}
