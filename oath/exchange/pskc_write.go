package exchange

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// pskcRounds are those of PBKDF2 with HMAC-SHA-256 in what is written: as many as OWASP
// advises for passwords.
const pskcRounds = 600_000

// writePSKC writes a package for each account. With a password, secrets are encrypted
// with AES-256-CBC and HMAC-SHA-256.
func writePSKC(entries []Entry, w *writing) ([]byte, error) {
	var b strings.Builder
	b.WriteString(xml.Header + `<pskc:KeyContainer Version="1.0" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc"` +
		` xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" xmlns:xenc11="http://www.w3.org/2009/xmlenc11#">` + "\n")
	seal := func(secret []byte) (string, error) {
		return fmt.Sprintf("<pskc:PlainValue>%s</pskc:PlainValue>", base64.StdEncoding.EncodeToString(secret)), nil
	}
	if w.password != "" {
		header, sealing, err := w.sealPSKC()
		if err != nil {
			return nil, err
		}
		b.WriteString(header)
		seal = sealing
	}
	for i, e := range entries {
		a := e.Account.WithDefaults()
		if a.IsSteam() {
			w.refuse(e, "PSKC has no Steam codes")
			continue
		}
		secret, err := seal(e.Secret.Bytes())
		if err != nil {
			return nil, err
		}
		moving := fmt.Sprintf("<pskc:Counter><pskc:PlainValue>%d</pskc:PlainValue></pskc:Counter>", a.Counter)
		if a.Type == oath.TOTP {
			moving = "<pskc:Time><pskc:PlainValue>0</pskc:PlainValue></pskc:Time>\n" +
				fmt.Sprintf("        <pskc:TimeInterval><pskc:PlainValue>%d</pskc:PlainValue></pskc:TimeInterval>", a.Period)
		}
		issuer := ""
		if a.Issuer != "" {
			issuer = "\n      <pskc:Issuer>" + escapeXML(a.Issuer) + "</pskc:Issuer>"
		}
		fmt.Fprintf(&b, `  <pskc:KeyPackage>
    <pskc:Key Id="%d" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:%s">%s
      <pskc:AlgorithmParameters>
        <pskc:Suite>HMAC-%s</pskc:Suite>
        <pskc:ResponseFormat Encoding="DECIMAL" Length="%d"/>
      </pskc:AlgorithmParameters>
      <pskc:FriendlyName>%s</pskc:FriendlyName>
      <pskc:Data>
        <pskc:Secret>%s</pskc:Secret>
        %s
      </pskc:Data>
    </pskc:Key>
  </pskc:KeyPackage>
`, i+1, a.Type, issuer, a.Algorithm, a.Digits, escapeXML(a.Name), secret, moving)
	}
	b.WriteString("</pskc:KeyContainer>\n")
	return []byte(b.String()), nil
}

func escapeXML(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text))
	return b.String()
}

// sealPSKC returns what says how values are encrypted, and a function that encrypts one.
func (w *writing) sealPSKC() (header string, seal func(secret []byte) (string, error), err error) {
	drawn := make([]byte, 16+32)
	if _, err := io.ReadFull(w.random, drawn); err != nil {
		return "", nil, err
	}
	salt, macKey := drawn[:16], drawn[16:]
	key, err := pbkdf2.Key(sha256.New, w.password, salt, pskcRounds, 32)
	if err != nil {
		return "", nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", nil, err
	}
	encrypt := func(plain []byte) (sealed []byte, element string, err error) {
		padding := aes.BlockSize - len(plain)%aes.BlockSize
		sealed = append(make([]byte, aes.BlockSize), plain...)
		sealed = append(sealed, bytes.Repeat([]byte{byte(padding)}, padding)...)
		if _, err := io.ReadFull(w.random, sealed[:aes.BlockSize]); err != nil {
			return nil, "", err
		}
		cipher.NewCBCEncrypter(block, sealed[:aes.BlockSize]).CryptBlocks(sealed[aes.BlockSize:], sealed[aes.BlockSize:])
		return sealed, fmt.Sprintf(`<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/>`+
			`<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData>`, base64.StdEncoding.EncodeToString(sealed)), nil
	}
	_, element, err := encrypt(macKey)
	if err != nil {
		return "", nil, err
	}
	const hmacSHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
	header = fmt.Sprintf(`  <pskc:EncryptionKey>
    <xenc11:DerivedKey>
      <xenc11:KeyDerivationMethod Algorithm="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2">
        <pkcs5:PBKDF2-params xmlns:pkcs5="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#">
          <Salt><Specified>%s</Specified></Salt>
          <IterationCount>%d</IterationCount>
          <KeyLength>32</KeyLength>
          <PRF Algorithm="%s"/>
        </pkcs5:PBKDF2-params>
      </xenc11:KeyDerivationMethod>
    </xenc11:DerivedKey>
  </pskc:EncryptionKey>
  <pskc:MACMethod Algorithm="%s">
    <pskc:MACKey>%s</pskc:MACKey>
  </pskc:MACMethod>
`, base64.StdEncoding.EncodeToString(salt), pskcRounds, hmacSHA256, hmacSHA256, element)
	return header, func(secret []byte) (string, error) {
		sealed, element, err := encrypt(secret)
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, macKey)
		mac.Write(sealed)
		return fmt.Sprintf("<pskc:EncryptedValue>%s</pskc:EncryptedValue><pskc:ValueMAC>%s</pskc:ValueMAC>",
			element, base64.StdEncoding.EncodeToString(mac.Sum(nil))), nil
	}, nil
}
