package exchange

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
)

// javaMagic and the version begin what Java serializes.
//
// Java Object Serialization Specification, chapter 6; this and what follows
const javaMagic = "\xac\xed\x00\x05"

// The marks of what is in the stream.
const (
	javaNull          = 0x70
	javaReference     = 0x71
	javaClassDesc     = 0x72
	javaObject        = 0x73
	javaString        = 0x74
	javaBlockData     = 0x77
	javaEndBlockData  = 0x78
	javaLongString    = 0x7c
	javaFirstHandle   = 0x7e0000
	javaHasWriter     = 1 // a class's flags: it wrote data of its own
	javaIsSerialized  = 2
	maxJavaClassDepth = 8
)

var errJava = errors.New("not what Java writes for a map of strings")

// readJavaMap reads a java.util.HashMap, and returns what in it is a string under a string.
// Of other values, the numbers and truth values of java.lang are passed over.
func readJavaMap(data []byte) (map[string]string, error) {
	j := &javaReader{data: data, at: len(javaMagic)}
	j.expect(javaObject)
	class := j.class(0)
	j.handle(nil)
	if j.err == nil && (class == nil || class.name != "java.util.HashMap" || class.flags != javaIsSerialized|javaHasWriter) {
		j.fail()
	}
	j.values(class)
	j.expect(javaBlockData)
	j.expect(8)
	j.take(4) // of room
	count := j.number(4)
	values, size := make(map[string]string), 0
	for range count {
		key, isName := j.value().(string)
		value, isText := j.value().(string)
		if size += len(key) + len(value); size > 2*len(data) {
			j.fail() // there are so many references to the same strings
		}
		if j.err != nil {
			break
		}
		if _, again := values[key]; again {
			return nil, fmt.Errorf("a key appears twice, at byte %d", j.at)
		}
		if isName && isText {
			values[key] = value
		}
	}
	j.expect(javaEndBlockData)
	if j.err == nil && j.at < len(data) {
		return nil, fmt.Errorf("something follows the end, at byte %d", j.at)
	}
	return values, j.err
}

// A javaReader reads on, and returns nothing more once it met an error.
type javaReader struct {
	data    []byte
	at      int
	handles []any // what came, for references to it: *javaClass, string, or nil
	err     error
}

// A javaClass describes the objects of a class.
type javaClass struct {
	name  string
	flags byte
	sizes int // bytes of all its fields, which are of primitive types
	super *javaClass
	depth int // of classes above
}

// fail notes that something else was expected before here.
func (j *javaReader) fail() {
	if j.err == nil {
		j.err = fmt.Errorf("%w, at byte %d", errJava, j.at)
	}
}

func (j *javaReader) take(n int) []byte {
	if j.err != nil {
		return nil
	}
	if n < 0 || n > len(j.data)-j.at {
		j.err = fmt.Errorf("it ends in the middle, at byte %d", len(j.data))
		return nil
	}
	j.at += n
	return j.data[j.at-n : j.at]
}

// number reads an unsigned number in some bytes, or 0 after an error.
func (j *javaReader) number(size int) int {
	var b [8]byte
	copy(b[8-size:], j.take(size))
	n := binary.BigEndian.Uint64(b[:])
	if n > 1<<62 {
		j.fail()
		return 0
	}
	return int(n)
}

func (j *javaReader) expect(mark int) {
	if j.number(1) != mark {
		j.fail()
	}
}

// handle counts one more thing that may be referred to, and returns its place.
func (j *javaReader) handle(of any) int {
	j.handles = append(j.handles, of)
	return len(j.handles) - 1
}

// reference returns what came before.
func (j *javaReader) reference() any {
	i := j.number(4) - javaFirstHandle
	if j.err != nil || i < 0 || i >= len(j.handles) {
		j.fail()
		return nil
	}
	return j.handles[i]
}

// class reads the description of a class, or nil for none.
func (j *javaReader) class(depth int) *javaClass {
	switch mark := j.number(1); {
	case j.err != nil || mark == javaNull:
		return nil
	case mark == javaReference:
		c, isClass := j.reference().(*javaClass)
		if !isClass || depth+c.depth > maxJavaClassDepth {
			j.fail()
			return nil
		}
		return c
	case mark != javaClassDesc || depth > maxJavaClassDepth:
		j.fail()
		return nil
	}
	c := &javaClass{name: j.text(2)}
	j.take(8)          // its serial version
	i := j.handle(nil) // until it is complete: no class is above itself
	c.flags = byte(j.number(1))
	for range j.number(2) {
		size := map[int]int{'B': 1, 'C': 2, 'D': 8, 'F': 4, 'I': 4, 'J': 8, 'S': 2, 'Z': 1}[j.number(1)]
		j.text(2)
		if size == 0 {
			j.fail()
			return nil
		}
		c.sizes += size
	}
	j.expect(javaEndBlockData) // of annotations; there are none
	if c.super = j.class(depth + 1); c.super != nil {
		c.depth = c.super.depth + 1
	}
	j.handles[i] = c
	return c
}

// values passes over an object's fields, the topmost class first.
func (j *javaReader) values(c *javaClass) {
	if c == nil || j.err != nil {
		return
	}
	j.values(c.super)
	j.take(c.sizes)
}

// value reads a string, or passes over something else and returns nil.
func (j *javaReader) value() any {
	switch mark := j.number(1); mark {
	case javaString, javaLongString:
		size := 2
		if mark == javaLongString {
			size = 8
		}
		text := j.text(size)
		j.handle(text)
		return text
	case javaReference:
		return j.reference()
	case javaNull:
		return nil
	case javaObject:
		c := j.class(0)
		for up := c; up != nil; up = up.super {
			if up.flags != javaIsSerialized || !strings.HasPrefix(up.name, "java.lang.") {
				j.fail()
			}
		}
		j.handle(nil)
		j.values(c)
		return nil
	}
	j.fail()
	return nil
}

// text reads a length in some bytes, and as many of "modified UTF-8": NUL is two bytes,
// and what is beyond 16 bits two surrogates of three each.
func (j *javaReader) text(size int) string {
	b := j.take(j.number(size))
	units := make([]uint16, 0, len(b))
	for len(b) > 0 {
		switch c := b[0]; {
		case c < 0x80:
			units, b = append(units, uint16(c)), b[1:]
		case c&0xe0 == 0xc0 && len(b) > 1:
			units, b = append(units, uint16(c&0x1f)<<6|uint16(b[1]&0x3f)), b[2:]
		case c&0xf0 == 0xe0 && len(b) > 2:
			units, b = append(units, uint16(c&0xf)<<12|uint16(b[1]&0x3f)<<6|uint16(b[2]&0x3f)), b[3:]
		default:
			j.fail()
			return ""
		}
	}
	return string(utf16.Decode(units))
}
