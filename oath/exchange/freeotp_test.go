package exchange

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"hash"
	"slices"
	"strings"
	"testing"
)

// javaBytes are written with a sign.
func javaBytes(b []byte) []int {
	list := make([]int, len(b))
	for i, c := range b {
		list[i] = int(int8(c))
	}
	return list
}

func freeOTPSamples() []sample {
	token := func(e Entry, counter int, more map[string]any) map[string]any {
		t := map[string]any{
			"algo": e.Account.Algorithm.String(), "counter": counter, "digits": e.Account.Digits, "issuerExt": e.Account.Issuer, "issuerInt": e.Account.Issuer,
			"label": e.Account.Name, "period": max(e.Account.Period, 30), "secret": javaBytes(e.Secret.Bytes()), "type": strings.ToUpper(e.Account.Type.String()),
		}
		for name, value := range more {
			t[name] = value
		}
		return t
	}
	first := entryOf(carol, func(e *Entry) { e.Account.Counter = 0 })
	tokens := []any{
		token(alice, 0, nil), token(bob, 0, nil),
		token(carol, 6, nil), token(carol, -1, nil),
		token(dave, 0, nil), token(erin, 0, map[string]any{"issuerInt": nil}),
		token(alice, 0, map[string]any{"issuerExt": "Hub", "label": "a", "issuerAlt": "GitHub", "labelAlt": "alice"}),
		token(alice, 0, map[string]any{"issuerExt": ""}),
		token(account("A", "sha224", nil), 0, map[string]any{"algo": "SHA224"}),
		token(account("A", "short", nil), 0, map[string]any{"secret": []int{}}),
		token(account("A", "bytes", nil), 0, map[string]any{"secret": []int{200}}),
		token(account("A", "text", nil), 0, map[string]any{"secret": "ABC"}),
	}
	return []sample{{
		name: "FreeOTP+", format: "FreeOTP+, FreeOTP 1",
		data: object(map[string]any{"tokenOrder": []any{"GitHub:alice"}, "tokens": tokens}),
		want: []Entry{alice, bob, carol, first, dave, erin, alice, alice}, refused: []string{"A:sha224", "A:short", "entry 11", "entry 12"},
	}}
}

// A freeOTP2File is what the app keeps, in the order in which it is written.
type freeOTP2File struct {
	names  []string
	values map[string]string
	master []byte
}

func newFreeOTP2(password, algorithm string, newHash func() hash.Hash) *freeOTP2File {
	f := &freeOTP2File{values: make(map[string]string), master: []byte(strings.Repeat("key!", 8))}
	salt := []byte(strings.Repeat("salt\x80\xff..", 4))
	wrapping, _ := pbkdf2.Key(newHash, password, salt, 1000, 32)
	f.put("masterKey", string(object(map[string]any{
		"mAlgorithm": algorithm, "mIterations": 1000, "mSalt": javaBytes(salt), "mEncryptedKey": freeOTP2Sealed(wrapping, f.master, "AES"),
	})))
	return f
}

func (f *freeOTP2File) put(name, value string) {
	f.names = append(f.names, name)
	f.values[name] = value
}

func (f *freeOTP2File) add(uuid string, e Entry, token map[string]any) {
	f.put(uuid, string(object(map[string]any{"key": string(object(freeOTP2Sealed(f.master, e.Secret.Bytes(), "HmacSHA1")))})))
	token["type"], token["issuerExt"], token["label"] = strings.ToUpper(e.Account.Type.String()), e.Account.Issuer, e.Account.Name
	f.put(uuid+"-token", string(object(token)))
}

func freeOTP2Sealed(key, plain []byte, kind string) map[string]any {
	return map[string]any{
		"mCipher": "AES/GCM/NoPadding", "mToken": kind, "mCipherText": javaBytes(sealGCM(key, []byte("\xfftwelve, 12\x80"), plain, []byte(kind))),
		"mParameters": javaBytes([]byte("\x30\x11\x04\x0c\xfftwelve, 12\x80\x02\x01\x10")),
	}
}

// serialized writes the map as Java does, with other values at its end.
func (f *freeOTP2File) serialized(more ...string) []byte {
	text := func(s string) string {
		var b []byte
		for _, r := range s { // no NUL, and nothing beyond 16 bits: the same as UTF-8
			b = append(b, string(r)...)
		}
		if len(b) > 0xffff {
			return "\x7c" + string(binary.BigEndian.AppendUint64(nil, uint64(len(b)))) + string(b)
		}
		return "\x74" + string(binary.BigEndian.AppendUint16(nil, uint16(len(b)))) + string(b)
	}
	var b bytes.Buffer
	b.WriteString("\xac\xed\x00\x05sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00\x02F\x00\x0aloadFactorI\x00\x09thresholdxp?@\x00\x00\x00\x00\x00\x0cw\x08\x00\x00\x00\x10")
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(f.names)+len(more))))
	for _, name := range f.names {
		b.WriteString(text(name) + text(f.values[name]))
	}
	for _, other := range more {
		b.WriteString(text(other[:1]) + other[1:])
	}
	return append(b.Bytes(), 'x')
}

// javaInteger is one, as Java serializes it, with its classes.
const javaInteger = "sr\x00\x11java.lang.Integer\x12\xe2\xa0\xa4\xf7\x81\x878\x02\x00\x01I\x00\x05valuexr\x00\x10java.lang.Number\x86\xac\x95\x1d\x0b\x94\xe0\x8b\x02\x00\x00xp\x00\x00\x00\x2a"

func freeOTP2Samples() []sample {
	f := newFreeOTP2("Hallå", "PBKDF2withHmacSHA512", sha512.New)
	f.add("1", alice, map[string]any{})
	f.add("2", bob, map[string]any{"algo": "SHA256", "digits": 8, "period": 60})
	f.add("3", carol, map[string]any{"counter": 7})
	f.add("4", dave, map[string]any{"issuerInt": "Steam"})
	f.add("5", erin, map[string]any{"algo": "SHA512", "digits": 6, "period": 30, "lock": true})
	f.add("6", account("A", "sha224", nil), map[string]any{"algo": "SHA224"})
	f.add("7", account("A", "other", nil), map[string]any{})
	f.put("7", string(object(map[string]any{"key": string(object(freeOTP2Sealed([]byte(strings.Repeat("else", 8)), alice.Secret.Bytes(), "HmacSHA1")))})))
	f.names = slices.Compact(slices.Sorted(slices.Values(f.names)))
	f.put("8", "lost its token")
	want, refused := []Entry{alice, bob, carol, dave, erin}, []string{"A:sha224", "A:other", "8"}

	old := newFreeOTP2("x", "PBKDF2withHmacSHA1", sha1.New)
	old.add("a", alice, map[string]any{"issuerInt": "GitHub", "label": "alice", "algo": nil})
	old.add("b", carol, map[string]any{"counter": -1})
	zero := entryOf(carol, func(e *Entry) { e.Account.Counter = 0 })
	return []sample{
		{name: "FreeOTP 2", format: "FreeOTP 2", data: f.serialized(), password: "Hallå", want: want, refused: refused},
		{name: "FreeOTP 2, old, and other values", format: "FreeOTP 2", data: old.serialized("x"+javaInteger, "yp", "z"+"q\x00\x7e\x00\x03"), password: "x", want: []Entry{alice, zero}, refused: []string{"z"}},
	}
}

func TestFreeOTP2Refuses(t *testing.T) {
	f := newFreeOTP2("x", "PBKDF2withHmacSHA512", sha512.New)
	f.add("1", alice, map[string]any{})
	whole := string(f.serialized())
	if _, err := Read([]byte(whole), given("x")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, old, new string
		want           error
	}{
		{"another class", "java.util.HashMap", "java.util.TreeMap", ErrDamaged},
		{"a field that is an object", "I\x00\x09threshold", "L\x00\x09threshold", ErrDamaged},
		{"more entries than there are", "\x00\x00\x00\x10\x00\x00\x00\x03", "\x00\x00\x00\x10\xff\xff\xff\xff", ErrDamaged},
		{"fewer entries than there are", "\x00\x00\x00\x10\x00\x00\x00\x03", "\x00\x00\x00\x10\x00\x00\x00\x02", ErrDamaged},
		{"a string without end", "t\x00\x011", "t\xff\xff1", ErrDamaged},
		{"a string beyond all bounds", "t\x00\x011", "|\xff\xff\xff\xff\xff\xff\xff\xff1", ErrDamaged},
		{"a reference to nothing", "t\x00\x011", "q\x00\x7e\xff\xff", ErrDamaged},
		{"a class above itself", "xp?@", "xq\x00\x7e\x00\x00?@", ErrDamaged},
		{"a value of another class", "t\x00\x011", javaInteger[:4] + strings.Replace(javaInteger[4:], "java.lang", "java.bang", 1), ErrDamaged},
		{"no UTF-8", "t\x00\x011", "t\x00\x01\xff", ErrDamaged},
		{"a key that comes twice", "t\x00\x071-token", "t\x00\x011", ErrDamaged},
		{"no master key", "masterKey", "masterkey", ErrDamaged},
		{"another way to the key", "PBKDF2withHmacSHA512", "PBKDF2withHmacSHA3_2", ErrDamaged},
		{"no salt", `"mSalt":[`, `"mSal_":[`, ErrDamaged},
		{"parameters altered", `"mParameters":[48`, `"mParameters":[49`, ErrDamaged},
		{"another cipher", "AES/GCM/NoPadding", "AES/CBC/NoPadding", ErrDamaged},
		{"data behind the end", "", "", ErrDamaged},
	} {
		altered := strings.Replace(whole, tt.old, tt.new, 1)
		if tt.old == "" {
			altered = whole + "x"
		}
		if altered == whole {
			t.Fatalf("%s: nothing to alter", tt.name)
		}
		if _, err := Read([]byte(altered), given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	f.values["masterKey"] = strings.Replace(f.values["masterKey"], `"mIterations":1000`, `"mIterations":2000000000`, 1)
	if _, err := Read(f.serialized(), given("x")); !errors.Is(err, ErrTooCostly) {
		t.Errorf("more rounds than sane: %v", err)
	}
}

func FuzzJava(f *testing.F) {
	for _, s := range freeOTP2Samples() {
		f.Add(s.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := readJavaMap(append([]byte(javaMagic), data[min(len(javaMagic), len(data)):]...))
		size := 0
		for name, value := range values {
			size += len(name) + len(value)
		}
		if err == nil && size > 2*(len(data)+len(javaMagic)) {
			t.Errorf("%d bytes of strings from %d", size, len(data))
		}
	})
}
