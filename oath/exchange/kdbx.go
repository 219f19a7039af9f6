package exchange

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"

	argon2d "github.com/tobischo/argon2"
	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/salsa20"

	"github.com/tokenctl/tokenctl/oath"
)

// A KeePass database, KDBX, is a header, which says how a key is made of the password,
// and encrypted blocks, which hold XML. Versions 3.1 and 4.x are read; a key file cannot
// be given.
//
// https://keepass.info/help/kb/kdbx.html, and KeePassXC's Kdbx3Reader.cpp and
// Kdbx4Reader.cpp
var kdbx = format{
	name: "KeePass database",
	is:   func(f *file) bool { return bytes.HasPrefix(f.data, []byte(kdbxMagic)) },
	read: readKDBX,
}

const kdbxMagic = "\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5"

// The fields of the header, by their numbers.
const (
	kdbxEnd             = 0
	kdbxCipher          = 2
	kdbxCompression     = 3
	kdbxMasterSeed      = 4
	kdbxTransformSeed   = 5
	kdbxTransformRounds = 6
	kdbxIV              = 7
	kdbxStreamKey       = 8
	kdbxStartBytes      = 9
	kdbxStream          = 10
	kdbxKDF             = 11
)

// Ciphers and key derivations, by their UUIDs.
const (
	kdbxAES      = "31c1f2e6bf714350be5805216afc5aff"
	kdbxChaCha20 = "d6038a2b8b6f4cb5a524339a31dbb59a"

	kdbxAESKDF3  = "c9d9f39a628a4460bf740d08c18a4fea"
	kdbxAESKDF4  = "7c02bb8279a74ac0927d114a00648238"
	kdbxArgon2d  = "ef636ddf8c29444b91f7a9a403e30a0c"
	kdbxArgon2id = "9e298b1956db4773b23dfc3ec6f0a1e6"
)

var (
	errKDBXCut    = fmt.Errorf("%w: it is cut short", ErrDamaged)
	errKDBXClosed = &ClosedError{App: "KeePass", Instead: "change the database's encryption to AES or ChaCha20 and its key derivation to AES-KDF or Argon2, or export it as CSV (KeePassXC) or XML (KeePass)"}
	errKDBXKey    = fmt.Errorf("%w; if it needs a key file as well, export it as CSV (KeePassXC) or XML (KeePass)", oath.ErrWrongPassword)
)

type kdbxFields map[byte][]byte

// number returns a field that is a number, its least significant byte first.
func (f kdbxFields) number(id byte) uint64 {
	var b [8]byte
	copy(b[:], f[id])
	return binary.LittleEndian.Uint64(b[:])
}

// takeKDBXFields reads fields up to the one that ends them, with lengths of 2 or 4 bytes.
func takeKDBXFields(data []byte, lengthSize int) (f kdbxFields, rest []byte, err error) {
	f = make(kdbxFields)
	for {
		if len(data) < 1+lengthSize {
			return nil, nil, errKDBXCut
		}
		id := data[0]
		length := uint64(binary.LittleEndian.Uint16(data[1:]))
		if lengthSize == 4 {
			length = uint64(binary.LittleEndian.Uint32(data[1:]))
		}
		if data = data[1+lengthSize:]; uint64(len(data)) < length {
			return nil, nil, errKDBXCut
		}
		f[id], data = data[:length], data[length:]
		if id == kdbxEnd {
			return f, data, nil
		}
	}
}

func readKDBX(r *reader) error {
	const fixed = len(kdbxMagic) + 4
	if len(r.data) < fixed {
		return errKDBXCut
	}
	major := binary.LittleEndian.Uint16(r.data[fixed-2:])
	if major != 3 && major != 4 {
		return fmt.Errorf("%w: it is of version %d, not 3 or 4", ErrDamaged, major)
	}
	lengthSize := 2
	if major == 4 {
		lengthSize = 4
	}
	header, body, err := takeKDBXFields(r.data[fixed:], lengthSize)
	if err != nil {
		return err
	}
	open := openKDBX3
	if major == 4 {
		open = openKDBX4
		if len(body) < 64 {
			return errKDBXCut
		}
		if sum := sha256.Sum256(r.data[:len(r.data)-len(body)]); !bytes.Equal(sum[:], body[:32]) {
			return fmt.Errorf("%w: the header is altered", ErrDamaged)
		}
	}
	if c := hex.EncodeToString(header[kdbxCipher]); c != kdbxAES && c != kdbxChaCha20 {
		return errKDBXClosed
	}
	var content []byte
	err = r.unlock(func(password []byte) error {
		key, err := r.kdbxKey(header, password)
		if err == nil {
			content, err = open(r.data[:len(r.data)-len(body)], header, body, key)
		}
		return err
	})
	if err != nil {
		return err
	}
	if header.number(kdbxCompression) == 1 {
		if content, err = gunzip(content); err != nil {
			return err
		}
	}
	stream, streamKey := header.number(kdbxStream), header[kdbxStreamKey]
	if major == 4 { // the inner header: 1 is the stream, 2 its key, 3 an attachment
		var inner kdbxFields
		if inner, content, err = takeKDBXFields(content, 4); err != nil {
			return err
		}
		stream, streamKey = inner.number(1), inner[2]
	}
	return r.readKeePass(string(content), func(b []byte) error { return unprotectKDBX(stream, streamKey, b) })
}

// kdbxKey makes a key of the password: of its double hash, as it might be one of several
// secrets.
func (r *reader) kdbxKey(header kdbxFields, password []byte) ([]byte, error) {
	hashed := sha256.Sum256(password)
	hashed = sha256.Sum256(hashed[:])
	if header[kdbxKDF] == nil {
		return r.aesKDF(hashed, header[kdbxTransformSeed], header.number(kdbxTransformRounds))
	}
	p, err := parseKDBXParameters(header[kdbxKDF])
	if err != nil {
		return nil, err
	}
	number := func(name string) uint64 {
		var b [8]byte
		copy(b[:], p[name])
		return binary.LittleEndian.Uint64(b[:])
	}
	kdf := hex.EncodeToString(p["$UUID"])
	switch kdf {
	case kdbxAESKDF3, kdbxAESKDF4:
		return r.aesKDF(hashed, p["S"], number("R"))
	case kdbxArgon2d, kdbxArgon2id:
	default:
		return nil, errKDBXClosed
	}
	passes, memory, threads := number("I"), number("M")>>10, number("P")
	switch {
	case number("V") != 0x13 || p["K"] != nil || p["A"] != nil:
		return nil, errKDBXClosed
	case passes > math.MaxUint32 || memory > maxMemory>>10:
		return nil, ErrTooCostly
	case threads > math.MaxUint8:
		return nil, fmt.Errorf("%w: the parameters of Argon2 are out of range", ErrDamaged)
	case kdf == kdbxArgon2id:
		return r.argon2Key(hashed[:], p["S"], uint32(passes), uint32(memory), uint8(threads))
	}
	if err := r.spendArgon2(uint32(passes), uint32(memory), uint8(threads)); err != nil {
		return nil, err
	}
	return argon2d.DKey(hashed[:], p["S"], uint32(passes), uint32(memory), uint8(threads), 32), nil
}

// aesKDF encrypts both halves of a key again and again.
func (r *reader) aesKDF(key [32]byte, seed []byte, rounds uint64) ([]byte, error) {
	block, err := aes.NewCipher(seed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := r.spend(uint64(len(key)), rounds); err != nil {
		return nil, err
	}
	for range rounds {
		block.Encrypt(key[:16], key[:16])
		block.Encrypt(key[16:], key[16:])
	}
	key = sha256.Sum256(key[:])
	return key[:], nil
}

// parseKDBXParameters reads a dictionary: a version, then entries of a type, which their
// lengths make superfluous here, a name, and a value.
func parseKDBXParameters(data []byte) (map[string][]byte, error) {
	p := make(map[string][]byte)
	take := func(n uint64) (taken []byte) {
		if uint64(len(data)) < n {
			data = nil
			return nil
		}
		taken, data = data[:n], data[n:]
		return taken
	}
	take(2)
	for len(data) > 0 {
		if take(1)[0] == 0 {
			return p, nil
		}
		var texts [2][]byte
		for i := range texts {
			length := take(4)
			if length == nil {
				return nil, errKDBXCut
			}
			if texts[i] = take(uint64(binary.LittleEndian.Uint32(length))); texts[i] == nil {
				return nil, errKDBXCut
			}
		}
		p[string(texts[0])] = texts[1]
	}
	return nil, errKDBXCut
}

// openKDBX3 decrypts version 3: after some bytes that the header has as well, blocks of a
// number, a hash, a length, and as much content.
func openKDBX3(_ []byte, header kdbxFields, body, key []byte) ([]byte, error) {
	plain, err := decryptKDBX(header, body, key)
	start := header[kdbxStartBytes]
	if err != nil || len(start) != 32 || !bytes.HasPrefix(plain, start) {
		return nil, fmt.Errorf("%w, or %w", errKDBXKey, ErrDamaged)
	}
	var content []byte
	for plain = plain[len(start):]; len(plain) >= 40; {
		sum, length := plain[4:36], uint64(binary.LittleEndian.Uint32(plain[36:]))
		if plain = plain[40:]; uint64(len(plain)) < length {
			break
		}
		if length == 0 {
			return content, nil
		}
		if got := sha256.Sum256(plain[:length]); !bytes.Equal(got[:], sum) {
			return nil, fmt.Errorf("%w: a block is altered", ErrDamaged)
		}
		content, plain = append(content, plain[:length]...), plain[length:]
	}
	return nil, errKDBXCut
}

// openKDBX4 decrypts version 4: a hash and a MAC of the header, then blocks of a MAC, a
// length, and as much of what is encrypted.
func openKDBX4(headerBytes []byte, header kdbxFields, body, key []byte) ([]byte, error) {
	base := sha512.Sum512(append(append(bytes.Clone(header[kdbxMasterSeed]), key...), 1))
	mac := func(index uint64, parts ...[]byte) []byte {
		number := binary.LittleEndian.AppendUint64(nil, index)
		blockKey := sha512.Sum512(append(bytes.Clone(number), base[:]...))
		h := hmac.New(sha256.New, blockKey[:])
		for _, part := range parts {
			h.Write(part)
		}
		return h.Sum(nil)
	}
	if !hmac.Equal(mac(math.MaxUint64, headerBytes), body[32:64]) {
		return nil, errKDBXKey
	}
	var sealed []byte
	body = body[64:]
	for index := uint64(0); len(body) >= 36; index++ {
		sum, size, length := body[:32], body[32:36], uint64(binary.LittleEndian.Uint32(body[32:]))
		if body = body[36:]; uint64(len(body)) < length {
			break
		}
		if !hmac.Equal(mac(index, binary.LittleEndian.AppendUint64(nil, index), size, body[:length]), sum) {
			return nil, fmt.Errorf("%w: a block is altered", ErrDamaged)
		}
		if length == 0 {
			return decryptKDBX(header, sealed, key)
		}
		sealed, body = append(sealed, body[:length]...), body[length:]
	}
	return nil, errKDBXCut
}

func decryptKDBX(header kdbxFields, sealed, key []byte) ([]byte, error) {
	master := sha256.Sum256(append(bytes.Clone(header[kdbxMasterSeed]), key...))
	if hex.EncodeToString(header[kdbxCipher]) == kdbxAES {
		return openCBC(master[:], header[kdbxIV], sealed)
	}
	c, err := chacha20.NewUnauthenticatedCipher(master[:], header[kdbxIV])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	plain := make([]byte, len(sealed))
	c.XORKeyStream(plain, sealed)
	return plain, nil
}

func gunzip(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%w: it does not unpack", ErrDamaged)
	}
	unpacked, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: it does not unpack", ErrDamaged)
	case len(unpacked) > maxUnpacked:
		return nil, fmt.Errorf("%w: it unpacks to more than %d MiB", ErrDamaged, maxUnpacked>>20)
	}
	return unpacked, nil
}

// unprotectKDBX decrypts all protected strings as one.
func unprotectKDBX(stream uint64, key, b []byte) error {
	switch stream {
	case 2:
		hashed := sha256.Sum256(key)
		salsa20.XORKeyStream(b, b, []byte{0xe8, 0x30, 0x09, 0x4b, 0x97, 0x20, 0x5d, 0x2a}, &hashed)
	case 3:
		hashed := sha512.Sum512(key)
		c, err := chacha20.NewUnauthenticatedCipher(hashed[:32], hashed[32:44])
		if err != nil {
			return err
		}
		c.XORKeyStream(b, b)
	default:
		return fmt.Errorf("%w: strings are protected in an unknown way", ErrDamaged)
	}
	return nil
}
