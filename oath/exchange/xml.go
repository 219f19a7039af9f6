package exchange

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// newXMLDecoder returns a decoder for text that is UTF-8 by now, whatever it says.
func newXMLDecoder(text string) *xml.Decoder {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, text io.Reader) (io.Reader, error) { return text, nil }
	return d
}

// checkXML bounds the depth, and refuses a document type, which could define entities.
func checkXML(text string) error {
	d, depth, elements := newXMLDecoder(text), 0, 0
	for {
		token, err := d.Token()
		if err == io.EOF && elements > 0 {
			return nil
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
			elements++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return fmt.Errorf("%w: it has a document type", ErrDamaged)
		}
		if err != nil || depth > maxDepth {
			return fmt.Errorf("%w: the XML is malformed, cut short, or nested too deep at byte %d", ErrDamaged, d.InputOffset())
		}
	}
}

// decodeXML decodes XML. The error wraps ErrDamaged, and quotes nothing.
func decodeXML(text string, into any) error {
	if err := checkXML(text); err != nil {
		return err
	}
	if err := newXMLDecoder(text).Decode(into); err != nil {
		return fmt.Errorf("%w: the XML is not what is expected", ErrDamaged)
	}
	return nil
}

// unwrapBase64 decodes base64 that may be broken into lines, and indented.
func unwrapBase64(text string) ([]byte, error) {
	return unbase64(strings.Join(strings.Fields(text), ""))
}
