// Package exchange reads the files that other authenticators and password managers
// export, and writes some of them. It knows a file by its content; opens none, and
// asks nothing.
//
// Each format is a file of this package, with the source of what it knows of the
// format, and a line of the table in this one.
//
// The functions are safe for concurrent use, and so are the types while nobody changes a
// value.
package exchange

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Contents are what a file holds.
type Contents struct {
	Format  string // the name of its format, one of Formats
	Entries []Entry

	// Refused are the entries that are no account here. An entry that holds no
	// one-time passwords at all, such as a mere password, is not among them.
	Refused []Refusal

	// Exports are those of Google Authenticator that the file has parts of.
	Exports []otpauth.Export

	// Warnings say, in whole sentences, what of the file as a whole is unusual.
	Warnings []string
}

// An Entry is an account in a file. Its Warnings say how what was unclear was
// understood.
type Entry struct {
	otpauth.Key
	Codes []string // one-time backup codes, where the format has a place for them
	Notes string   // what its owner wrote beside it, which may hold such codes
}

// A Refusal is an entry that cannot be an account here, or an account that a format has
// no place for.
type Refusal struct {
	Label string // what the file calls it; any bytes
	Err   error  // quotes no secret; of an entry that was read, wraps oath.ErrInvalid
}

var (
	// ErrUnknown says that a file is in none of the formats.
	ErrUnknown = errors.New("not an export of an authenticator that is known")

	// ErrDamaged says that a file is of a known format, and cut short, altered, or
	// written by a program that does not keep to it.
	ErrDamaged = errors.New("the file is damaged")

	// ErrTooCostly says that a file asks for more memory or time to try a password than
	// any app does: more than 1 GiB, or some minutes.
	ErrTooCostly = errors.New("the file asks for too much memory or time to open it")
)

// A ClosedError says that a file can be read by the app alone that wrote it.
type ClosedError struct {
	App     string // the app
	Instead string // what to do for a file that can be read
}

func (e *ClosedError) Error() string {
	return fmt.Sprintf("only %s can read this file; %s", e.App, e.Instead)
}

// errEither is what a wrong password comes to where the format has no way to distinguish them.
var errEither = fmt.Errorf("%w, or %w", oath.ErrWrongPassword, ErrDamaged)

// A format is a kind of file.
type format struct {
	name string // of the app and, if it has several, the kind of export
	word string // by which it is asked for when it is written

	is    func(*file) bool // reports whether a file is of this kind
	read  func(*reader) error
	write func([]Entry, *writing) ([]byte, error) // nil if it is only read
	seals bool                                    // it is written encrypted if there is a password
}

// formats are tried in this order: those that are known by a mark before those that
// are known by their shape.
var formats = []format{
	aegis,
	twoFAS,
	stratum,
	freeOTP2,
	freeOTP,
	ente,
	proton,
	lastPass,
	raivo,
	andOTP,
	bitwarden,
	onePassword,
	protonPass,
	kdbx,
	keepassXML,
	pskc,
	googlePAM,
	usersFile,
	bitwardenCSV,
	keepassxcCSV,
	lastPassCSV,
	onePasswordCSV,
	appleCSV,
	protonPassCSV,
	rsc2FA,
	google,
	uris,
	pass,
	andOTPSealed, // the last: it has no mark, and nearly any bytes could be it
}

// Read reads a file of any format. It asks for a password if the file is encrypted;
// a nil function is oath.ErrLocked, as which an own error of the function counts, too.
//
// The error is ErrUnknown, ErrDamaged, ErrTooCostly, or a *ClosedError, wrapped with
// what is wrong where; or oath.ErrWrongPassword, which wraps ErrDamaged as well if the
// format does not show which of them it is. None quotes what the file holds.
func Read(data []byte, password func() (string, error)) (*Contents, error) {
	return read(data, password, maxWork)
}

// read is Read with a bound on what the file may cost.
func read(data []byte, password func() (string, error), most work) (*Contents, error) {
	f, err := parseFile(data)
	if err != nil {
		return nil, err
	}
	for _, format := range formats {
		if !format.is(f) {
			continue
		}
		r := &reader{file: f, password: password, left: most}
		r.Format, r.Warnings = format.name, f.warnings
		if err := format.read(r); err != nil {
			return nil, fmt.Errorf("%s: %w", format.name, err)
		}
		return &r.Contents, nil
	}
	return nil, ErrUnknown
}

// Words returns the words of the formats that Write knows.
func Words() (words []string) {
	for _, f := range formats {
		if f.write != nil {
			words = append(words, f.word)
		}
	}
	return words
}

// Encrypts reports whether Write encrypts a format if it is given a password.
func Encrypts(word string) bool {
	f := byWord(word)
	return f != nil && f.seals
}

func byWord(word string) *format {
	i := slices.IndexFunc(formats, func(f format) bool { return f.write != nil && f.word == word })
	if i < 0 {
		return nil
	}
	return &formats[i]
}

// Write writes accounts in the format of one of the Words: encrypted if there is a
// password and the format Encrypts, or else with every secret in the clear. The accounts
// that the format cannot hold, or that have no secret, are refused, and left out. It
// returns errors.ErrUnsupported for another word, or a password where it does not encrypt.
// A nil random is crypto/rand.
func Write(word string, entries []Entry, password string, random io.Reader) (data []byte, refused []Refusal, err error) {
	f := byWord(word)
	if f == nil || password != "" && !f.seals {
		return nil, nil, fmt.Errorf("writing %q with a password: %w", word, errors.ErrUnsupported)
	}
	if random == nil {
		random = rand.Reader
	}
	w := &writing{password: password, random: random}
	whole := make([]Entry, 0, len(entries))
	for _, e := range entries {
		if e.Secret.IsZero() {
			w.refuse(e, "it has no secret")
			continue
		}
		whole = append(whole, e)
	}
	data, err = f.write(whole, w)
	return data, w.refused, err
}

// A writing is one file on its way.
type writing struct {
	password string // "" for a file in the clear
	random   io.Reader
	refused  []Refusal
}

// A reader reads one file.
type reader struct {
	Contents
	*file
	password func() (string, error)
	left     work // that may still be spent on passwords
}

// add takes an account by its fields.
func (r *reader) add(f otpauth.Fields, notes string) {
	k, err := f.Key()
	if err != nil {
		label := f.Name
		if f.Issuer != "" {
			label = f.Issuer + ":" + f.Name
		}
		r.refuse(label, err)
		return
	}
	r.Entries = append(r.Entries, Entry{Key: k, Notes: notes})
}

// addText takes what a password manager keeps as the one-time password of an item: a
// URI, or the secret alone. The item's title and user are the account's name where the
// text has none.
func (r *reader) addText(title, user, text, notes string) {
	if !otpauth.IsURI(text) {
		r.add(otpauth.Fields{Issuer: title, Name: user, Secret: text}, notes)
		return
	}
	k, err := otpauth.Parse(text)
	if e := (*otpauth.NameError)(nil); errors.As(err, &e) {
		k, err = e.Key, nil
	}
	if err != nil {
		label := strings.Trim(title+":"+user, ":")
		if label == "" {
			label = labelOf(text)
		}
		r.refuse(label, err)
		return
	}
	if k.Account.Issuer == "" && (title != user || title != k.Account.Name) { // else it is called by its user
		k.Account.Issuer = title
	}
	if who := cmp.Or(user, title); k.Account.Name == "" || k.Account.Name == k.Account.Issuer && who != "" && who != k.Account.Issuer {
		k.Account.Name, k.Warnings = who, nil
	}
	if k.Account.Name == "" {
		k.Account.Name = k.Account.Issuer
	}
	if err := k.Account.Validate(); err != nil {
		r.refuse(title, err)
		return
	}
	r.Entries = append(r.Entries, Entry{Key: k, Notes: notes})
}

// labelOf returns what a URI that cannot be read has for a name, or "" if that may be
// a secret.
func labelOf(uri string) string {
	path, _, found := strings.Cut(uri, "?")
	_, path, _ = strings.Cut(path, "://")
	_, label, _ := strings.Cut(path, "/")
	label, err := url.PathUnescape(label)
	if !found || err != nil || otpauth.CheckName(label) != nil {
		return ""
	}
	return label
}

// warnNewer says that a file is of a newer version than is known, but read.
func (r *reader) warnNewer(version int) {
	r.Warnings = append(r.Warnings, fmt.Sprintf("The accounts are written as of version %d, which is newer than what is known; check them.", version))
}

// refuse notes an entry that cannot be an account, by its place if it has no name.
func (r *reader) refuse(label string, err error) {
	if label == "" {
		label = fmt.Sprintf("entry %d", len(r.Entries)+len(r.Refused)+1)
	}
	r.Refused = append(r.Refused, Refusal{label, err})
}

// unlock asks for the password and hands it to open, in each form in which it may have
// been set, until that does not return oath.ErrWrongPassword.
func (r *reader) unlock(open func(password []byte) error) error {
	if r.password == nil {
		return oath.ErrLocked
	}
	text, err := r.password()
	if errors.Is(err, oath.ErrLocked) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: %w", oath.ErrLocked, err)
	}
	for _, form := range oath.PasswordForms(text) {
		if err = open([]byte(form)); !errors.Is(err, oath.ErrWrongPassword) {
			break
		}
	}
	return err
}
