package exchange

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// KeePass's XML is what its export writes, and what is inside of a database: groups of
// entries, which have named strings. In a database, those that are protected are
// encrypted once more, one after the other.
//
// https://keepass.info/help/kb/kdbx.html
var keepassXML = format{
	name: "KeePass XML",
	is: func(f *file) bool {
		return strings.HasPrefix(strings.TrimSpace(f.text), "<") && strings.Contains(f.text, "<KeePassFile")
	},
	read: func(r *reader) error { return r.readKeePass(r.text, nil) },
}

// A keepassEntry has its strings by their names, in lower case.
type keepassEntry struct {
	strings map[string]string
	deleted bool // it is in the recycle bin
}

// A keepassSecret is a string that is protected, still in base64.
type keepassSecret struct {
	entry keepassEntry
	name  string
	text  string
}

// readKeePass reads the accounts. unprotect decrypts the protected strings, which follow
// each other in it; nil for a file that has none.
func (r *reader) readKeePass(text string, unprotect func([]byte) error) error {
	if err := checkXML(text); err != nil {
		return err
	}
	entries, secrets, err := walkKeePass(text)
	if err != nil {
		return err
	}
	var stream []byte
	ends := make([]int, len(secrets))
	for i, s := range secrets {
		sealed, err := unwrapBase64(s.text)
		if err != nil {
			return err
		}
		stream = append(stream, sealed...)
		ends[i] = len(stream)
	}
	if len(stream) > 0 {
		if unprotect == nil {
			return fmt.Errorf("%w: strings are protected by a key that it does not have", ErrDamaged)
		}
		if err := unprotect(stream); err != nil {
			return err
		}
	}
	begin := 0
	for i, s := range secrets {
		s.entry.strings[s.name] = string(stream[begin:ends[i]])
		begin = ends[i]
	}
	deleted := 0
	for _, e := range entries {
		has := r.Contents
		if !r.addKeePass(func(name string) string { return strings.TrimSpace(e.strings[name]) }) || !e.deleted {
			continue
		}
		r.Contents = has // and nothing of this one
		deleted++
	}
	r.warnDeleted(deleted)
	return nil
}

// walkKeePass collects entries, and the protected strings in the order of the text. Old
// versions of entries have such strings, too, but are no entries.
func walkKeePass(text string) (entries []keepassEntry, secrets []keepassSecret, err error) {
	var (
		path      []string
		groups    []string // the UUIDs of those around
		bin, name string
		chars     strings.Builder
		protected bool
		entry     keepassEntry
	)
	d := newXMLDecoder(text)
	for {
		token, err := d.Token()
		if err == io.EOF {
			return entries, secrets, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: the XML is malformed", ErrDamaged)
		}
		switch token := token.(type) {
		case xml.CharData:
			chars.Write(token)
		case xml.StartElement:
			path = append(path, token.Name.Local)
			chars.Reset()
			switch token.Name.Local {
			case "Group":
				groups = append(groups, "")
			case "Entry":
				entry = keepassEntry{strings: make(map[string]string)}
				if !slices.Contains(path, "History") {
					entry.deleted = bin != "" && slices.Contains(groups, bin)
					entries = append(entries, entry)
				}
			case "Value":
				protected = slices.ContainsFunc(token.Attr, func(a xml.Attr) bool { return a.Name.Local == "Protected" && strings.EqualFold(a.Value, "true") })
			}
		case xml.EndElement:
			parent := ""
			if len(path) > 1 {
				parent = path[len(path)-2]
			}
			switch text := chars.String(); {
			case token.Name.Local == "RecycleBinUUID":
				bin = strings.TrimSpace(text)
			case token.Name.Local == "UUID" && parent == "Group":
				groups[len(groups)-1] = strings.TrimSpace(text)
			case token.Name.Local == "Group":
				groups = groups[:len(groups)-1]
			case token.Name.Local == "Key" && parent == "String":
				name = strings.ToLower(text)
			case token.Name.Local == "Value" && protected:
				secrets = append(secrets, keepassSecret{entry, name, text})
			case token.Name.Local == "Value" && parent == "String" && entry.strings != nil:
				entry.strings[name] = text
			}
			path = path[:len(path)-1]
			chars.Reset()
		}
	}
}

// addKeePass takes what an entry has of one-time passwords, in the strings of KeePassXC
// (otp), KeeOtp (otp, as a query), KeeTrayTOTP (TOTP Seed), and KeePass itself, and
// reports whether there is any.
//
// https://keepass.info/help/base/placeholders.html#otp, and KeePassXC's totp.cpp
func (r *reader) addKeePass(value func(name string) string) (found bool) {
	title, user, notes := value("title"), value("username"), value("notes")
	base := otpauth.Fields{Issuer: title, Name: user}
	add := func(f otpauth.Fields, err error) {
		found = true
		if err != nil {
			r.refuse(strings.Trim(title+":"+user, ":"), invalid(err))
			return
		}
		r.add(f, notes)
	}
	switch otp, seed := value("otp"), value("totp seed"); {
	case strings.HasPrefix(strings.ToLower(otp), "key="):
		add(keeOTP(base, otp))
	case otp != "":
		found = true
		r.addText(title, user, otp, notes)
	case seed != "":
		f := base
		f.Secret = seed
		period, rest, _ := strings.Cut(value("totp settings"), ";") // such as "30;6", or for Steam "30;S"
		digits, _, _ := strings.Cut(rest, ";")                      // the address of a clock may follow
		f.Period, f.Digits = strings.TrimSpace(period), strings.TrimSpace(digits)
		if strings.EqualFold(f.Digits, "S") {
			f.Type, f.Digits = "steam", ""
		}
		add(f, nil)
	default:
		if f, has, err := keepassSecretOf(base, "timeotp", value); has {
			f.Digits, f.Period, f.Algorithm = value("timeotp-length"), value("timeotp-period"), value("timeotp-algorithm")
			add(f, err)
		}
	}
	if f, has, err := keepassSecretOf(base, "hmacotp", value); has {
		f.Type, f.Counter = "hotp", value("hmacotp-counter")
		add(f, err)
	}
	return found
}

// keeOTP reads "key=...&size=8&step=25&type=Totp&otpHashMode=Sha256".
func keeOTP(f otpauth.Fields, query string) (otpauth.Fields, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return f, errors.New("the settings of KeeOtp are malformed")
	}
	f.Secret, f.Digits, f.Period = values.Get("key"), values.Get("size"), values.Get("step")
	f.Type, f.Counter, f.Algorithm = values.Get("type"), values.Get("counter"), values.Get("otpHashMode")
	if encoding := values.Get("encoding"); encoding != "" && !strings.EqualFold(encoding, "base32") {
		return f, errors.New("KeeOtp keeps the secret in an encoding other than base32")
	}
	return f, nil
}

// keepassSecretOf returns the secret that KeePass keeps as text, or in one of three
// encodings.
func keepassSecretOf(f otpauth.Fields, kind string, value func(string) string) (_ otpauth.Fields, has bool, err error) {
	if f.Secret = value(kind + "-secret-base32"); f.Secret != "" {
		return f, true, nil
	}
	for _, encoding := range []struct {
		suffix string
		decode func(string) ([]byte, error)
	}{
		{"-secret", func(text string) ([]byte, error) { return []byte(text), nil }},
		{"-secret-hex", hex.DecodeString},
		{"-secret-base64", base64.StdEncoding.DecodeString},
	} {
		if text := value(kind + encoding.suffix); text != "" {
			if f.Bytes, err = encoding.decode(text); err != nil {
				err = errors.New("the secret is not in the encoding that its name says")
			}
			return f, true, err
		}
	}
	return f, false, nil
}
