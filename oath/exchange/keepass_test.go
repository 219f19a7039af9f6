package exchange

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	argon2d "github.com/tobischo/argon2"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/salsa20"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// keepassContent writes the XML of a database. Protected strings are what protect makes
// of them, in their order; nil leaves them plain.
func keepassContent(protect func(string) string) string {
	attribute := ` Protected="True"`
	if protect == nil {
		protect, attribute = html.EscapeString, ` ProtectInMemory="True"`
	}
	str := func(name, value string) string {
		return "<String><Key>" + name + "</Key><Value>" + html.EscapeString(value) + "</Value></String>"
	}
	secret := func(name, value string) string {
		return "<String><Key>" + name + "</Key><Value" + attribute + ">" + protect(value) + "</Value></String>"
	}
	entry := func(title, user string, parts ...string) string {
		return "<Entry><UUID>" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%-16s", title)[:16]) + "</UUID><IconID>0</IconID><Tags/><Times><ExpiryTime>2024-01-01T00:00:00Z</ExpiryTime></Times>" +
			str("Notes", "codes: 1234-5678") + str("Title", title) + str("URL", "") + str("UserName", user) +
			strings.Join(parts, "") + secret("Password", "hunter2") + "<AutoType><Association><Window>w</Window><KeystrokeSequence/></Association></AutoType></Entry>\n"
	}
	// In order, as each protected string takes the next part of a stream.
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<KeePassFile><Meta><Generator>KeePassXC</Generator><RecycleBinEnabled>True</RecycleBinEnabled><RecycleBinUUID>YmluLi4uLi4uLi4uLi4uLg==</RecycleBinUUID></Meta>
<Root><Group><UUID>cm9vdC4uLi4uLi4uLi4uLg==</UUID><Name>Root</Name>
`)
	github := entry("GitHub", "alice", secret("otp", "otpauth://totp/GitHub:alice?secret="+aliceSecret+"&period=30&digits=6&issuer=GitHub"))
	older := entry("older", "x", secret("otp", "otpauth://totp/x?secret="+aliceSecret))
	b.WriteString(strings.Replace(github, "</Entry>", "<History>"+older+"</History></Entry>", 1))
	b.WriteString(entry("just a password", "nobody"))
	b.WriteString("<Group><UUID>c3ViLi4uLi4uLi4uLi4uLg==</UUID><Name>Sub</Name>\n")
	b.WriteString(entry("Example & Söhne", "bob@example.com", str("TimeOtp-Algorithm", "HMAC-SHA-256"), str("TimeOtp-Length", "8"), str("TimeOtp-Period", "60"), secret("TimeOtp-Secret-Hex", hex.EncodeToString(bob.Secret.Bytes()))))
	b.WriteString(entry("Bank", "carol", str("HmacOtp-Counter", "7"), secret("HmacOtp-Secret-Base64", base64.StdEncoding.EncodeToString(carol.Secret.Bytes()))))
	b.WriteString("<Group><UUID>YmluLi4uLi4uLi4uLi4uLg==</UUID><Name>Recycle Bin</Name>\n")
	b.WriteString(entry("gone", "x", secret("TOTP Seed", aliceSecret), str("TOTP Settings", "30;6")))
	b.WriteString("</Group>\n")
	b.WriteString(entry("Steam", "dave", secret("TOTP Seed", dave.Secret.Base32()), str("TOTP Settings", "30;S")))
	b.WriteString(entry("Shop", "kee", secret("otp", "key="+bob.Secret.Base32()+"&size=8&step=60&otpHashMode=Sha256")))
	b.WriteString(entry("Text", "t", secret("TimeOtp-Secret", "a secret as text")))
	b.WriteString(entry("Wrong", "w", secret("TimeOtp-Secret-Hex", "zz")))
	b.WriteString("</Group></Group><DeletedObjects/></Root></KeePassFile>\n")
	return b.String()
}

func keepassWant() (want []Entry, refused []string) {
	const notes = "codes: 1234-5678"
	kee := entryOf(noted(bob, notes), func(e *Entry) { e.Account.Issuer, e.Account.Name = "Shop", "kee" })
	text := entryOf(noted(alice, notes), func(e *Entry) {
		e.Account.Issuer, e.Account.Name = "Text", "t"
		e.Secret, _ = oath.NewSecret([]byte("a secret as text"))
	})
	return []Entry{noted(alice, notes), noted(bob, notes), noted(carol, notes), noted(dave, notes), kee, text}, []string{"Wrong:w"}
}

// kdbxOptions are what a database may have one way or the other.
type kdbxOptions struct {
	major      uint16
	kdf        string // "aes", "argon2d", or "argon2id"
	chacha     bool   // the cipher
	gzip       bool
	streamKind uint32 // 2 Salsa20, 3 ChaCha20
}

// kdbxOf writes a database as the description of the format has it.
func kdbxOf(o kdbxOptions, password string) []byte {
	seed, transformSeed, streamKey := []byte(strings.Repeat("seed", 8)), []byte(strings.Repeat("salt", 8)), []byte(strings.Repeat("key!", 8))
	iv := []byte("sixteen bytes iv")
	cipherID, _ := hex.DecodeString("31c1f2e6bf714350be5805216afc5aff")
	if o.chacha {
		iv = iv[:12]
		cipherID, _ = hex.DecodeString("d6038a2b8b6f4cb5a524339a31dbb59a")
	}
	le32 := func(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
	le64 := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	sum := func(parts ...[]byte) []byte { s := sha256.Sum256(bytes.Join(parts, nil)); return s[:] }
	sum512 := func(parts ...[]byte) []byte { s := sha512.Sum512(bytes.Join(parts, nil)); return s[:] }

	// The key.
	composite := sum(sum([]byte(password)))
	var key []byte
	var dictionary []byte
	item := func(kind byte, name string, value []byte) {
		dictionary = append(dictionary, bytes.Join([][]byte{{kind}, le32(len(name)), []byte(name), le32(len(value)), value}, nil)...)
	}
	switch o.kdf {
	case "aes":
		block, _ := aes.NewCipher(transformSeed)
		key = bytes.Clone(composite)
		for range 1000 {
			block.Encrypt(key[:16], key[:16])
			block.Encrypt(key[16:], key[16:])
		}
		key = sum(key)
		id, _ := hex.DecodeString("c9d9f39a628a4460bf740d08c18a4fea")
		item(0x42, "$UUID", id)
		item(0x05, "R", le64(1000))
		item(0x42, "S", transformSeed)
	default:
		id, _ := hex.DecodeString("9e298b1956db4773b23dfc3ec6f0a1e6")
		key = argon2.IDKey(composite, transformSeed, 2, 256, 2, 32)
		if o.kdf == "argon2d" {
			id, _ = hex.DecodeString("ef636ddf8c29444b91f7a9a403e30a0c")
			key = argon2d.DKey(composite, transformSeed, 2, 256, 2, 32)
		}
		item(0x42, "$UUID", id)
		item(0x05, "I", le64(2))
		item(0x05, "M", le64(256<<10))
		item(0x04, "P", le32(2))
		item(0x42, "S", transformSeed)
		item(0x04, "V", le32(0x13))
	}
	dictionary = append(append([]byte{0, 1}, dictionary...), 0)

	// The content.
	var stream interface{ XORKeyStream(dst, src []byte) }
	offset := 0
	if o.streamKind == 3 {
		hashed := sum512(streamKey)
		stream, _ = chacha20.NewUnauthenticatedCipher(hashed[:32], hashed[32:44])
	}
	content := []byte(keepassContent(func(plain string) string {
		b := []byte(plain)
		if stream != nil {
			stream.XORKeyStream(b, b)
		} else {
			var hashed [32]byte
			copy(hashed[:], sum(streamKey))
			b = append(make([]byte, offset), b...)
			salsa20.XORKeyStream(b, b, []byte{0xe8, 0x30, 0x09, 0x4b, 0x97, 0x20, 0x5d, 0x2a}, &hashed)
			b = b[offset:]
		}
		offset += len(b)
		return base64.StdEncoding.EncodeToString(b)
	}))
	if o.major == 4 {
		inner := bytes.Join([][]byte{{1}, le32(4), le32(int(o.streamKind)), {2}, le32(32), streamKey, {3}, le32(3), []byte("\x00ab"), {0}, le32(0)}, nil)
		content = append(inner, content...)
	}
	if o.gzip {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(content)
		z.Close()
		content = b.Bytes()
	}

	// The header.
	header := []byte("\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\x00")
	header = binary.LittleEndian.AppendUint16(header, o.major)
	field := func(id byte, value []byte) {
		header = append(header, id)
		if o.major == 4 {
			header = append(header, le32(len(value))...)
		} else {
			header = binary.LittleEndian.AppendUint16(header, uint16(len(value)))
		}
		header = append(header, value...)
	}
	field(2, cipherID)
	field(3, le32(map[bool]int{true: 1}[o.gzip]))
	field(4, seed)
	field(7, iv)
	start := []byte(strings.Repeat("strt", 8))
	if o.major == 4 {
		field(11, dictionary)
	} else {
		field(5, transformSeed)
		field(6, le64(1000))
		field(8, streamKey)
		field(9, start)
		field(10, le32(int(o.streamKind)))
	}
	field(0, []byte("\r\n\r\n"))

	encrypt := func(plain []byte) []byte {
		master := sum(seed, key)
		if o.chacha {
			c, _ := chacha20.NewUnauthenticatedCipher(master, iv)
			c.XORKeyStream(plain, plain)
			return plain
		}
		block, _ := aes.NewCipher(master)
		padding := 16 - len(plain)%16
		plain = append(plain, bytes.Repeat([]byte{byte(padding)}, padding)...)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
		return plain
	}
	if o.major == 3 {
		half := len(content) / 2
		var blocks []byte
		for i, part := range [][]byte{content[:half], content[half:]} {
			blocks = append(blocks, bytes.Join([][]byte{le32(i), sum(part), le32(len(part)), part}, nil)...)
		}
		blocks = append(blocks, bytes.Join([][]byte{le32(2), make([]byte, 32), le32(0)}, nil)...)
		return append(header, encrypt(append(start, blocks...))...)
	}
	base := sum512(seed, key, []byte{1})
	mac := func(index uint64, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, sum512(le64(index), base))
		h.Write(bytes.Join(parts, nil))
		return h.Sum(nil)
	}
	file := bytes.Join([][]byte{header, sum(header), mac(1<<64-1, header)}, nil)
	sealed := encrypt(content)
	half := len(sealed) / 2
	for i, part := range [][]byte{sealed[:half], sealed[half:], nil} {
		file = append(file, mac(uint64(i), le64(uint64(i)), le32(len(part)), part)...)
		file = append(append(file, le32(len(part))...), part...)
	}
	return file
}

func keepassSamples() []sample {
	want, refused := keepassWant()
	samples := []sample{{name: "KeePass XML", format: "KeePass XML", data: []byte(keepassContent(nil)), want: want, refused: refused}}
	for _, o := range []kdbxOptions{
		{major: 3, kdf: "aes", gzip: true, streamKind: 2},
		{major: 3, kdf: "aes", chacha: true, streamKind: 3},
		{major: 4, kdf: "aes", streamKind: 3},
		{major: 4, kdf: "argon2d", gzip: true, chacha: true, streamKind: 3},
		{major: 4, kdf: "argon2id", gzip: true, streamKind: 3},
	} {
		samples = append(samples, sample{name: fmt.Sprintf("KeePass database %+v", o), format: "KeePass database",
			data: kdbxOf(o, "Hallå"), password: "Hallå", either: o.major == 3, want: want, refused: refused})
	}
	return samples
}

func TestKDBXRefuses(t *testing.T) {
	v3 := string(kdbxOf(kdbxOptions{major: 3, kdf: "aes", streamKind: 2}, "x"))
	v4 := string(kdbxOf(kdbxOptions{major: 4, kdf: "argon2d", streamKind: 3}, "x"))
	// The header's hash is made anew; its MAC cannot be.
	rehashed := func(file, old, new string) []byte {
		end := strings.Index(file, "\r\n\r\n") + 4
		if !strings.Contains(file[:end], old) {
			t.Fatalf("nothing to alter: %q", old)
		}
		header := strings.Replace(file[:end], old, new, 1)
		sum := sha256.Sum256([]byte(header))
		return []byte(header + string(sum[:]) + file[end+32:])
	}
	number := func(name string, n uint64) string {
		return name + "\x08\x00\x00\x00" + string(binary.LittleEndian.AppendUint64(nil, n))
	}
	aesCipher, _ := hex.DecodeString(kdbxAES)
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"too much memory", rehashed(v4, number("M", 256<<10), number("M", 1<<31)), ErrTooCostly},
		{"memory beyond counting", rehashed(v4, number("M", 256<<10), number("M", 1<<63)), ErrTooCostly},
		{"too many passes", rehashed(v4, number("I", 2), number("I", 1<<31)), ErrTooCostly},
		{"no passes", rehashed(v4, number("I", 2), number("I", 0)), ErrDamaged},
		{"too many rounds", []byte(strings.Replace(v3, "\xe8\x03\x00\x00\x00\x00\x00\x00", "\xe8\x03\x00\x00\x00\x00\x00\x01", 1)), ErrTooCostly},
		{"a dictionary cut short", rehashed(v4, number("I", 2), "I\xff\xff\xff\xff12345678"), ErrDamaged},
		{"an altered header", []byte(strings.Replace(v4, "seedseed", "SEEDseed", 1)), ErrDamaged},
		{"another seed", rehashed(v4, "seedseed", "SEEDseed"), oath.ErrWrongPassword},
		{"an altered block", []byte(v4[:len(v4)-100] + "xy" + v4[len(v4)-98:]), ErrDamaged},
		{"another version", []byte(strings.Replace(v4, "\x01\x00\x04\x00", "\x01\x00\x05\x00", 1)), ErrDamaged},
		{"the magic alone", []byte(kdbxMagic), ErrDamaged},
	} {
		if _, err := Read(tt.data, given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, data := range [][]byte{
		rehashed(v4, string(aesCipher), "sixteen bytes id"), rehashed(v4, "\xef\x63\x6d\xdf", "\xef\x63\x6d\xde"), rehashed(v4, "V\x04\x00\x00\x00\x13", "V\x04\x00\x00\x00\x10"),
	} {
		if _, err := Read(data, given("x")); !errors.As(err, new(*ClosedError)) {
			t.Errorf("%v", err)
		}
	}
	got, err := Read([]byte(v4), given("x"))
	if err != nil || len(got.Warnings) != 1 || strings.Contains(fmt.Sprintf("%+v", got), "hunter2") {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestKeePassXC reads what KeePassXC makes of the XML: databases and tables.
func TestKeePassXC(t *testing.T) {
	oathtest.RequireTool(t, "keepassxc-cli")
	dir := t.TempDir()
	xml := filepath.Join(dir, "in.xml")
	if err := os.WriteFile(xml, []byte(keepassContent(nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(input string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command("keepassxc-cli", args...)
		cmd.Stdin = strings.NewReader(input)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v: %s", args, err, &stderr)
		}
		return out
	}
	database := filepath.Join(dir, "db.kdbx")
	run("Hallå\nHallå\n", "import", "-q", "-p", "-t", "100", xml, database)
	data, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	want, refused := keepassWant()
	got, err := Read(data, given("Hallå"))
	if err != nil || !reflect.DeepEqual(got.Entries, want) || len(got.Refused) != len(refused) {
		t.Errorf("the database: %v\n%+v", err, got)
	}
	got, err = Read(run("Hallå\n", "export", "-q", "-f", "xml", database), nil)
	if err != nil || !reflect.DeepEqual(got.Entries, want) {
		t.Errorf("the XML: %v\n%+v", err, got)
	}
	// The table has what KeePassXC itself takes for one-time passwords, as URIs.
	got, err = Read(run("Hallå\n", "export", "-q", "-f", "csv", database), nil)
	if err != nil || !slices.ContainsFunc(got.Entries, func(e Entry) bool { return e.Account == alice.Account && reflect.DeepEqual(e.Secret, alice.Secret) }) {
		t.Errorf("the table: %v\n%+v", err, got)
	}
}

// FuzzKeePass reads XML, and what stands around it, past the encryption.
func FuzzKeePass(f *testing.F) {
	f.Add([]byte(keepassContent(nil)))
	f.Add([]byte(keepassContent(func(plain string) string { return base64.StdEncoding.EncodeToString([]byte(plain)) })))
	for _, major := range []uint16{3, 4} {
		f.Add(kdbxOf(kdbxOptions{major: major, kdf: "argon2d", streamKind: 3}, "x")[12:])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &reader{file: &file{data: data}}
		r.readKeePass(string(data), func(b []byte) error { return unprotectKDBX(3, nil, b) })
		for _, lengthSize := range []int{2, 4} {
			if fields, rest, err := takeKDBXFields(data, lengthSize); err == nil {
				parseKDBXParameters(fields[kdbxKDF])
				fields[kdbxIV], fields[kdbxCipher] = make([]byte, 12), nil
				fields[kdbxStartBytes] = make([]byte, 32)
				openKDBX3(nil, fields, rest, make([]byte, 32))
			}
		}
		for _, e := range r.Entries {
			if err := e.Account.Validate(); err != nil {
				t.Errorf("%+v: %v", e.Account, err)
			}
		}
	})
}
