package exchange

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// pskcContainer puts packages, and what says how they are encrypted, into a container.
func pskcContainer(encryption string, packages ...string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"
    xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" xmlns:pkcs5="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#">
` + encryption + strings.Join(packages, "") + "</KeyContainer>\n")
}

func pskcPackage(algorithm, parameters, names, data string) string {
	return `  <KeyPackage>
    <DeviceInfo><Manufacturer>TokenVendorAcme</Manufacturer><SerialNo>987654321</SerialNo></DeviceInfo>
    <CryptoModuleInfo><Id>CM_ID_001</Id></CryptoModuleInfo>
    <Key Id="12345678" Algorithm="` + algorithm + `">
      ` + names + `
      <AlgorithmParameters>` + parameters + `</AlgorithmParameters>
      <Data>` + data + `</Data>
      <Policy><PINPolicy MinLength="4" MaxLength="8" PINKeyId="123456781" PINEncoding="DECIMAL" PINUsageMode="Local"/><KeyUsage>OTP</KeyUsage></Policy>
    </Key>
  </KeyPackage>
`
}

func pskcSamples() []sample {
	const hotp, totp = "urn:ietf:params:xml:ns:keyprov:pskc:hotp", "urn:ietf:params:xml:ns:keyprov:pskc:totp"
	format := func(digits int) string {
		return fmt.Sprintf(`<ResponseFormat Length="%d" Encoding="DECIMAL"/>`, digits)
	}
	plain := func(tag, value string) string {
		return "<" + tag + "><PlainValue>\n  " + value + "\n</PlainValue></" + tag + ">"
	}
	secret := func(e Entry) string { return plain("Secret", base64.StdEncoding.EncodeToString(e.Secret.Bytes())) }
	packages := func(secret func(Entry) string, counter string) []string {
		return []string{
			pskcPackage(totp, format(6), `<Issuer>GitHub</Issuer><FriendlyName xml:lang="en">alice</FriendlyName><UserId>UID=a</UserId>`, secret(alice)+plain("Time", "0")+plain("TimeInterval", "30")),
			pskcPackage("urn:ietf:params:xml:ns:keyprov:pskc#totp", "<Suite>HMAC-SHA256</Suite>"+format(8), `<Issuer>Example &amp; Söhne</Issuer><UserId>bob@example.com</UserId>`, secret(bob)+plain("TimeInterval", "60")),
			pskcPackage("urn:ietf:params:xml:ns:keyprov:pskc:pin", format(4), "", plain("Secret", "MTIzNA==")),
			pskcPackage("urn:ietf:params:xml:ns:keyprov:pskc:OCRA-1", "<Suite>OCRA-1:HOTP-SHA512-8:C-QN08</Suite>", "<FriendlyName>challenge</FriendlyName>", secret(alice)),
			pskcPackage(hotp, `<ResponseFormat Length="8" Encoding="HEXADECIMAL"/>`, "<FriendlyName>hex</FriendlyName>", secret(alice)),
			pskcPackage(totp, format(6), "<FriendlyName>empty</FriendlyName>", ""),
			pskcPackage(hotp, format(6), "<Issuer>Bank</Issuer><FriendlyName>carol</FriendlyName>", secret(carol)+counter),
		}
	}
	want, refused := []Entry{alice, bob, carol}, []string{"challenge", "hex", "empty"}

	// Under a key that both sides have, with all of it in bytes.
	key := []byte("a key of 32 bytes, 256 bits long")
	macKey := []byte("another, for the MAC")
	encrypt := func(plain []byte) []byte {
		block, _ := aes.NewCipher(key)
		iv := []byte("sixteen bytes iv")
		padding := 16 - len(plain)%16
		sealed := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
		return append(iv, sealed...)
	}
	element := func(sealed []byte) string {
		return fmt.Sprintf(`<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes%d-cbc"/><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData>`,
			8*len(key), base64.StdEncoding.EncodeToString(sealed))
	}
	value := func(tag string, plain []byte) string {
		sealed := encrypt(plain)
		mac := hmac.New(sha512.New, macKey)
		mac.Write(sealed)
		return "<" + tag + "><EncryptedValue>" + element(sealed) + "</EncryptedValue><ValueMAC>" + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + "</ValueMAC></" + tag + ">"
	}
	sealedSecret := func(e Entry) string { return value("Secret", e.Secret.Bytes()) }
	const method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"
	shared := pskcContainer("<EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></EncryptionKey>\n"+
		`<MACMethod Algorithm="`+method+`"><MACKey>`+element(encrypt(macKey))+"</MACKey></MACMethod>\n",
		packages(sealedSecret, value("Counter", []byte{0, 0, 0, 7}))...)
	sharedKey := hex.EncodeToString(key)

	// Without a key for the MAC, it is that of the encryption; without a MAC, none is.
	derived := func(prf string) string {
		return `<EncryptionKey><xenc11:DerivedKey><xenc11:KeyDerivationMethod Algorithm="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2">
    <pkcs5:PBKDF2-params><Salt><Specified>c2FsdHNhbHQ=</Specified></Salt><IterationCount>1000</IterationCount><KeyLength>24</KeyLength>` + prf + `</pkcs5:PBKDF2-params>
    </xenc11:KeyDerivationMethod><xenc11:MasterKeyName>My Password</xenc11:MasterKeyName></xenc11:DerivedKey></EncryptionKey>
`
	}
	key, _ = pbkdf2.Key(sha512.New, "Hallå", []byte("saltsalt"), 1000, 24)
	macKey = key
	underPassword := pskcContainer(derived(`<PRF Algorithm="`+method+`"/>`)+`<MACMethod Algorithm="`+method+`"/>`, packages(sealedSecret, plain("Counter", "7"))...)
	key, _ = pbkdf2.Key(sha1.New, "Hallå", []byte("saltsalt"), 1000, 24)
	withoutMAC := pskcContainer(derived("<PRF/>"), packages(func(e Entry) string {
		return "<Secret><EncryptedValue>" + element(encrypt(e.Secret.Bytes())) + "</EncryptedValue></Secret>"
	}, plain("Counter", "7"))...)

	return append(rfc6030Samples(),
		sample{name: "PSKC", format: "PSKC", data: pskcContainer("", packages(secret, plain("Counter", "7"))...), want: want, refused: refused},
		sample{name: "PSKC under a shared key", format: "PSKC", data: shared, password: sharedKey, want: want, refused: refused},
		sample{name: "PSKC under a password", format: "PSKC", data: underPassword, password: "Hallå", want: want, refused: refused, either: true},
		sample{name: "PSKC without a MAC", format: "PSKC", data: withoutMAC, password: "Hallå", want: want, refused: refused, either: true},
	)
}

// rfc6030Samples are the numbers of RFC 6030, figures 6 and 7.
func rfc6030Samples() []sample {
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		panic(err)
	}
	cipherOf := func(text string) string {
		return "<xenc:EncryptionMethod\n Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/><xenc:CipherData>\n<xenc:CipherValue>\n  " + text + "\n  </xenc:CipherValue></xenc:CipherData>"
	}
	file := func(encryption, macKey, sealed, mac string) []byte {
		return pskcContainer(encryption+`<MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"><MACKey>`+cipherOf(macKey)+"</MACKey></MACMethod>",
			pskcPackage("urn:ietf:params:xml:ns:keyprov:pskc:hotp", `<ResponseFormat Length="8" Encoding="DECIMAL"/>`, "<Issuer>Issuer</Issuer>",
				"<Secret><EncryptedValue>"+cipherOf(sealed)+"</EncryptedValue><ValueMAC>"+mac+"\n </ValueMAC></Secret><Counter><PlainValue>0</PlainValue></Counter>"))
	}
	want := []Entry{{Key: otpauth.Key{Account: oath.Account{Issuer: "Issuer", Name: "12345678", Type: oath.HOTP, Algorithm: oath.SHA1, Digits: 8}, Secret: secret}}}
	return []sample{
		{name: "RFC 6030, figure 6", format: "PSKC", password: "12345678901234567890123456789012", want: want,
			data: file("<EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></EncryptionKey>",
				"ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX", "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv", "Su+NvtQfmvfJzF6bmQiJqoLRExc=")},
		{name: "RFC 6030, figure 7", format: "PSKC", password: "qwerty", either: true, want: want,
			data: file(`<EncryptionKey><xenc11:DerivedKey><xenc11:KeyDerivationMethod
 Algorithm="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"><pkcs5:PBKDF2-params>
   <Salt><Specified>Ej7/PEpyEpw=</Specified></Salt><IterationCount>1000</IterationCount><KeyLength>16</KeyLength><PRF/>
 </pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod><xenc:ReferenceList><xenc:DataReference URI="#ED"/></xenc:ReferenceList>
 <xenc11:MasterKeyName>My Password 1</xenc11:MasterKeyName></xenc11:DerivedKey></EncryptionKey>`,
				"2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx", "oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f", "LP6xMvjtypbfT9PdkJhBZ+D6O4w=")},
	}
}

func TestPSKCRefuses(t *testing.T) {
	samples := pskcSamples()
	find := func(name string) sample {
		return samples[slices.IndexFunc(samples, func(s sample) bool { return s.name == name })]
	}
	derived, shared := find("RFC 6030, figure 7"), find("RFC 6030, figure 6")
	for _, tt := range []struct {
		name     string
		sample   sample
		old, new string
		want     error
	}{
		{"too many rounds", derived, "<IterationCount>1000", "<IterationCount>2000000000", ErrTooCostly},
		{"no rounds", derived, "<IterationCount>1000", "<IterationCount>0", ErrDamaged},
		{"not a number of rounds", derived, "<IterationCount>1000", "<IterationCount>many", ErrDamaged},
		{"no base64", derived, "<Specified>", "<Specified>?", ErrDamaged},
		{"a MAC altered", derived, "LP6xMv", "LP6xMw", errEither},
		{"a secret altered", shared, "AAECAw", "AAECBw", errEither},
		{"a MAC key cut short", shared, "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX", "ESIz", ErrDamaged},
		{"a document type", shared, "<KeyContainer", "<!DOCTYPE x [<!ENTITY a 'b'>]><KeyContainer", ErrDamaged},
		{"an entity", shared, "Su+NvtQ", "&a;", ErrDamaged},
		{"too deep", shared, "<KeyPackage>", strings.Repeat("<a>", 100), ErrDamaged},
		{"another root", shared, "<KeyContainer", "<a/><KeyContainer", ErrDamaged},
	} {
		altered := strings.Replace(string(tt.sample.data), tt.old, tt.new, 1)
		if altered == string(tt.sample.data) {
			t.Fatalf("%s: nothing to alter", tt.name)
		}
		if _, err := Read([]byte(altered), given(tt.sample.password)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for old, replacement := range map[string]string{
		"xmlenc#aes128-cbc": "xmlenc#rsa-1_5", "xmldsig#hmac-sha1": "xmldsig-more#hmac-md5", "pkcs-5v2-0#pbkdf2": "xmlenc11#ConcatKDF",
	} {
		altered := strings.ReplaceAll(string(derived.data), old, replacement)
		if _, err := Read([]byte(altered), given("qwerty")); !errors.As(err, new(*ClosedError)) {
			t.Errorf("%s: %v", replacement, err)
		}
	}
	// One value that is damaged does not keep out the others.
	many := find("PSKC under a password")
	altered := strings.Replace(string(many.data), "<ValueMAC>", "<ValueMAC>AAAA", 1)
	if got, err := Read([]byte(altered), given(many.password)); err != nil || len(got.Entries) != 2 || got.Refused[0].Label != "alice" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestPSKCTools has other programs read what is written, and write what is read.
func TestPSKCTools(t *testing.T) {
	oathtest.RequireTool(t, "pskctool", "pskc2csv", "csv2pskc", "pskc2pskc")
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	entries := []Entry{alice, bob, carol, erin}
	for _, password := range []string{"", "correct horse"} {
		data, refused, err := Write("pskc", entries, password, bytes.NewReader(bytes.Repeat([]byte("random"), 1000)))
		if err != nil || len(refused) > 0 {
			t.Fatal(refused, err)
		}
		if err := os.WriteFile(path("ours.xml"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"-c", "secret,algorithm,algorithm_suite,issuer,friendly_name,response_length,time_interval,counter", "-e", "base32", path("ours.xml")}
		if password != "" {
			args = append(args, "--password="+password)
		} else if info := run("pskctool", "--strict", "--info", path("ours.xml")); !strings.Contains(info, "Key Secret (base64): "+base64.StdEncoding.EncodeToString(bob.Secret.Bytes())) {
			t.Errorf("pskctool has\n%s", info)
		}
		table := run("pskc2csv", args...)
		for _, e := range entries {
			if line := strings.TrimRight(e.Secret.Base32(), "="); !strings.Contains(table, line) {
				t.Errorf("pskc2csv has not %s:\n%s", e.Account.Label(), table)
			}
		}
		if bobs := ",HMAC-SHA256,Example & Söhne,bob@example.com,8,60,"; !strings.Contains(table, bobs) {
			t.Errorf("pskc2csv has not %q:\n%s", bobs, table)
		}
	}

	// Plain, under a password, and under a key, by the other program.
	plain, _, err := Write("pskc", entries, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("plain.xml"), plain, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ option, password string }{
		{"", ""}, {"--new-password=", "battery staple"}, {"--new-secret=", "00112233445566778899aabbccddeeff"},
	} {
		args := []string{path("plain.xml"), "-o", path("theirs.xml")}
		if tt.option != "" {
			args = append(args, tt.option+tt.password)
		}
		run("pskc2pskc", args...)
		theirs, err := os.ReadFile(path("theirs.xml"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Read(theirs, given(tt.password)); err != nil || !reflect.DeepEqual(got.Entries, entries) {
			t.Errorf("pskc2pskc %s: %v\n%s", tt.option, err, theirs)
		}
	}
}
