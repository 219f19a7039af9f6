package exchange

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"

	"github.com/tokenctl/tokenctl/oath"
)

// work is what turning passwords into keys costs, in bytes of memory that are gone
// through. A round of PBKDF2 counts for 256: it takes about as long.
type work uint64

const (
	maxMemory = 1 << 30 // bytes; Ente Auth's files ask for it
	maxWork   = 32 << 30
	roundWork = 256
)

// spend refuses work beyond what is sane. It counts all that one file asks for, as a
// file may have many passwords: bytes of memory, which are gone through in some passes.
func (r *reader) spend(memory, passes uint64) error {
	if memory > maxMemory || passes > maxWork || work(memory*passes) > r.left {
		return ErrTooCostly
	}
	r.left -= work(memory * passes)
	return nil
}

// scryptKey derives a key with scrypt, of cost n, block size r and parallelism p.
func (r *reader) scryptKey(password, salt []byte, n, blockSize, p, size int) ([]byte, error) {
	switch {
	case n < 2 || blockSize < 1 || p < 1:
		return nil, fmt.Errorf("%w: the parameters of scrypt are out of range", ErrDamaged)
	case n > maxMemory || blockSize > 1<<10 || p > 1<<10:
		return nil, ErrTooCostly
	}
	if err := r.spend(uint64(n)*uint64(blockSize)*128, uint64(p)); err != nil {
		return nil, err
	}
	key, err := scrypt.Key(password, salt, n, blockSize, p, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return key, nil
}

// argon2Key derives a key of 32 bytes with Argon2id: passes, memory in KiB, threads.
func (r *reader) argon2Key(password, salt []byte, passes, memory uint32, threads uint8) ([]byte, error) {
	if err := r.spendArgon2(passes, memory, threads); err != nil {
		return nil, err
	}
	return argon2.IDKey(password, salt, passes, memory, threads, 32), nil
}

func (r *reader) spendArgon2(passes, memory uint32, threads uint8) error {
	if passes < 1 || threads < 1 {
		return fmt.Errorf("%w: the parameters of Argon2 are out of range", ErrDamaged)
	}
	return r.spend(uint64(memory)<<10, uint64(passes))
}

// pbkdf2Key derives a key with PBKDF2.
func (r *reader) pbkdf2Key(h func() hash.Hash, password, salt []byte, rounds, size int) ([]byte, error) {
	if rounds < 1 {
		return nil, fmt.Errorf("%w: the parameters of PBKDF2 are out of range", ErrDamaged)
	}
	if err := r.spend(roundWork, uint64(rounds)); err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(h, string(password), salt, rounds, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return key, nil
}

// errSealed says that a text was not sealed with this key, or was altered.
var errSealed = errors.New("it does not open")

// openGCM opens what AES-GCM sealed, its tag last.
func openGCM(key, nonce, sealed, additional []byte) ([]byte, error) {
	gcm, err := newGCM(key, len(nonce))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	plain, err := gcm.Open(nil, nonce, sealed, additional)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// openCBC opens what AES-CBC sealed, with PKCS #7's padding. Most wrong keys show in that;
// of the others, the text must.
func openCBC(key, iv, sealed []byte) ([]byte, error) {
	padded, size, err := decryptCBC(key, iv, sealed)
	if err != nil {
		return nil, err
	}
	plain, padding := padded[:len(padded)-size], padded[len(padded)-size:]
	if !bytes.Equal(padding, bytes.Repeat([]byte{byte(size)}, size)) {
		return nil, errSealed
	}
	return plain, nil
}

// decryptCBC returns what AES-CBC sealed with its padding, and the size of that, which is
// in its last byte.
func decryptCBC(key, iv, sealed []byte) (padded []byte, size int, err error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, 0, fmt.Errorf("%w: what is encrypted is not whole blocks", ErrDamaged)
	}
	padded = make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(padded, sealed)
	size = int(padded[len(padded)-1])
	if size == 0 || size > aes.BlockSize {
		return nil, 0, errSealed
	}
	return padded, size, nil
}

func newGCM(key []byte, nonceSize int) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if nonceSize == 0 {
		return nil, errors.New("it has no nonce")
	}
	return cipher.NewGCMWithNonceSize(block, nonceSize)
}

// invalid wraps an error about one entry.
func invalid(err error) error { return fmt.Errorf("%w: %w", oath.ErrInvalid, err) }
