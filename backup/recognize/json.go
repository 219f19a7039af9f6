package recognize

import (
	"encoding/json"
	"strings"
)

// json takes apart a text that is JSON: lists of texts or numbers, and what objects
// have under names that speak of codes. Each becomes a line.
func (r *textReader) json(text string) (lines []*textLine, isJSON bool) {
	trimmed := strings.TrimSpace(text)
	if !strings.HasPrefix(trimmed, "[") && !strings.HasPrefix(trimmed, "{") || !json.Valid([]byte(trimmed)) {
		return nil, false
	}
	w := jsonWalker{reader: r, text: text, decoder: json.NewDecoder(strings.NewReader(text))}
	w.decoder.UseNumber()
	w.value("", true)
	return w.lines, true
}

type jsonWalker struct {
	reader  *textReader
	text    string
	decoder *json.Decoder
	lines   []*textLine
	at      int // bytes that were counted
	line    int // line feeds in them
}

// value reads a value that stands under a name; isCode says that it may be a code.
// The text is known to be JSON, so no error comes but the end.
func (w *jsonWalker) value(name string, isCode bool) (token json.Token) {
	token, err := w.decoder.Token()
	if err != nil {
		return nil
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			for w.decoder.More() {
				w.value(name, isCode)
			}
		} else {
			w.object()
		}
		_, _ = w.decoder.Token()
	case string:
		w.add(t, isCode)
	case json.Number:
		w.add(t.String(), isCode)
	}
	return token
}

// object reads the names and values of an object. If one of them says so, its codes
// were used.
func (w *jsonWalker) object() {
	first, used := len(w.lines), false
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return
		}
		name, _ := token.(string)
		name = strings.ToLower(name)
		saysUse := strings.Contains(name, "used") || strings.Contains(name, "consumed") || strings.Contains(name, "redeemed")
		value := w.value(name, !saysUse && (isAboutCodes(name) || name == "value" || numberOf(name) > 0))
		used = used || saysUse && isSaid(value)
	}
	for _, l := range w.lines[min(first, len(w.lines)):] {
		for _, it := range l.items {
			it.used = it.used || used
		}
	}
}

// isSaid reports whether a value means yes, as true, a date or a number does.
func isSaid(value json.Token) bool {
	switch v := value.(type) {
	case bool:
		return v
	case string:
		return saysUsed(strings.ToLower(v))
	case json.Number:
		return saysUsed(v.String())
	}
	return false
}

func (w *jsonWalker) add(text string, isCode bool) {
	end := int(w.decoder.InputOffset())
	w.line += strings.Count(w.text[w.at:end], "\n")
	w.at = end
	l := &textLine{number: w.line + 1, text: strings.TrimSpace(text), other: !isCode}
	if isCode {
		w.reader.read(l, strings.ReplaceAll(l.text, "\n", " "))
	}
	w.lines = append(w.lines, l)
}
