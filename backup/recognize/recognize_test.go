package recognize

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/tokenctl/tokenctl/backup"
)

// A layout is how some service shows its codes or writes them into a file.
type layout struct {
	name string
	form string // of services, "" to read it by its looks
	text string
	want string // codes separated by commas; "3=abc" numbered, "abc*" used

	ignored  int // lines
	repeated int
}

var (
	github = "4f3c2-9a1be\n8d2e1-00c4f\nabcde-fabcd\n"
	hex64  = strings.Repeat("0123456789abcdef", 4)
	tuta   = strings.TrimSpace(strings.Repeat("0123 4567 89ab cdef ", 4))
)

var layouts = []layout{
	{name: "GitHub's file", text: github, want: "4f3c2-9a1be,8d2e1-00c4f,abcde-fabcd"},
	{name: "GitHub's file on Windows", text: "\ufeff" + strings.ReplaceAll(github, "\n", "\r\n"), want: "4f3c2-9a1be,8d2e1-00c4f,abcde-fabcd"},
	{name: "GitHub's page, asterisks for used ones", text: "* 4f3c2-9a1be\n  8d2e1-00c4f\n  abcde-fabcd", want: "4f3c2-9a1be*,8d2e1-00c4f,abcde-fabcd"},
	{name: "GitHub's page, bullets", text: "• 4f3c2-9a1be • 8d2e1-00c4f\n• abcde-fabcd", want: "4f3c2-9a1be,8d2e1-00c4f,abcde-fabcd"},
	{name: "Google's file", text: `SAVE YOUR BACKUP CODES
Keep these backup codes somewhere safe but accessible.

 1. 1234 5678	 6. 6234 5678
 2. 2234 5678	 7. 7234 5678
 3. 3234 5678	 8. 8234 5678
 4. 4234 5678	 9. 9234 5678
 5. 5234 5678	10. 0234 5678

(alice@gmail.com)

* You can only use each backup code once.
* Need more? Visit https://g.co/2sv
* These codes were generated on: Nov 23, 2026.
`, want: "1=1234 5678,2=2234 5678,3=3234 5678,4=4234 5678,5=5234 5678,6=6234 5678,7=7234 5678,8=8234 5678,9=9234 5678,10=0234 5678", ignored: 6},
	{name: "Google's file, one column", text: "SAVE YOUR BACKUP CODES\n\n1. 1234 5678\n2. 2234 5678\n\nalice@gmail.com\n", want: "1=1234 5678,2=2234 5678", ignored: 2},
	{name: "Google's page, one space between columns", text: "1234 5678 6234 5678\n2234 5678 7234 5678\n", want: "1234 5678,6234 5678,2234 5678,7234 5678"},
	{name: "Google's page, an odd number", text: "1234 5678 6234 5678\n2234 5678\n", want: "1234 5678,6234 5678,2234 5678"},
	{name: "Google's page, used ones", text: "1. 1234 5678\n2. ALREADY USED\n3. 3234 5678", want: "1=1234 5678,3=3234 5678"},
	{name: "Discord's file", text: "These are your Discord backup codes for the account alice@example.com. Keep them secret!\r\n\r\n* abcd-ef12 \r\n* 3bcd-efgh (used)\r\n* abcd-efgh ", want: "abcd-ef12,3bcd-efgh*,abcd-efgh", ignored: 1},
	{name: "Discord's file in German", text: "Dies sind deine Codes.\n\n* abcd-ef12 \n* 3bcd-efgh (bereits verwendet)\n* ab3d-efgh ", want: "abcd-ef12,3bcd-efgh*,ab3d-efgh", ignored: 1},
	{name: "Discord's API", text: `{"backup_codes":[{"user_id":"123456789012345678","code":"abcdef12","consumed":false},{"user_id":"123456789012345678","code":"3bcdefgh","consumed":true}]}`, want: "abcdef12,3bcdefgh*", ignored: 2},
	{name: "GitLab's file", text: "0123456789abcdef\nfedcba9876543210\n", want: "0123456789abcdef,fedcba9876543210"},
	{name: "GitLab over SSH", text: "Your two-factor authentication recovery codes are:\n\n0123456789abcdef\nfedcba9876543210\n\nDuring sign in, use one of the codes above when prompted for\nyour two-factor code. Then, visit your Profile Settings and add\na new device so you do not lose access to your account again.\n", want: "0123456789abcdef,fedcba9876543210", ignored: 4},
	{name: "Proton's file", text: "Proton two-factor recovery codes\n\nalice@proton.me\nGenerated: 2026-11-23\n\n01234567\nabcdef01\nfedcba98\n", want: "01234567,abcdef01,fedcba98", ignored: 3},
	{name: "Facebook's page", text: "Facebook recovery codes\n1234 5678\t2234 5678\n3234 5678\t4234 5678\n", want: "1234 5678,2234 5678,3234 5678,4234 5678", ignored: 1},
	{name: "Facebook's file", text: "These are your recovery codes. Each can be used once.\n\n1. 1234 5678\n2. 2234 5678\n\n(Alice Example)", want: "1=1234 5678,2=2234 5678", ignored: 2},
	{name: "npm", text: hex64 + "\n" + strings.ReplaceAll(hex64, "0", "f") + "\n", want: hex64 + "," + strings.ReplaceAll(hex64, "0", "f")},
	{name: "Microsoft", text: "Your new code: ABCD1-EFGH2-JKLM3-NPQR4-STUV5", want: "ABCD1-EFGH2-JKLM3-NPQR4-STUV5"},
	{name: "Microsoft's page", text: "Recovery code\nABCD1-EFGH2-JKLM3-NPQR4-STUV5\nPrint this code or write it down", want: "ABCD1-EFGH2-JKLM3-NPQR4-STUV5", ignored: 2},
	{name: "Keycloak's file", text: "Keep these recovery codes somewhere safe.\n\n1: ABCD-EF1H-JKLM\r\n2: ABCD-EFGH-JKL2\r\n3: ABCD-EFGH-JKLM\r\n\nRecovery codes are single-use passcodes that allow you to sign in if you do not have access to your authenticator.\n\nThese codes were generated on November 23, 2026, 10:30 AM GMT+1", want: "1=ABCD-EF1H-JKLM,2=ABCD-EFGH-JKL2,3=ABCD-EFGH-JKLM", ignored: 3},
	{name: "Bitwarden", text: "Your Bitwarden two-step login recovery code:\n\nabcd 1234 efgh 5678 ijkl 9012 mnop 3456", want: "abcd 1234 efgh 5678 ijkl 9012 mnop 3456", ignored: 1},
	{name: "Tuta", text: tuta, want: tuta},
	{name: "Tuta, on four lines", form: `^([0-9a-f]{4} ?){16}$`, text: "Recovery code:\n" + strings.Repeat("0123 4567 89ab cdef\n", 4), want: tuta, ignored: 1},
	{name: "Apple", text: "Recovery Key\n\nABCD-1234-EFGH-5678-JKLM-9012-NPQR\n", want: "ABCD-1234-EFGH-5678-JKLM-9012-NPQR", ignored: 1},
	{name: "WordPress's file", text: "Recovery codes for https://example.com/ (alice)\n\n1. 12345678\n2. 23456789\n3. 34567890\n", want: "1=12345678,2=23456789,3=34567890", ignored: 1},
	{name: "WordPress.com's file", text: "Backup codes for alice\nGenerated on 2026-11-23 10:30:00\n----------\n12345678\n23456789", want: "12345678,23456789", ignored: 2},
	{name: "Steam", text: "R12345", want: "R12345"},
	{name: "Steam's backup codes", text: "AB1CD2E  BC2DE3F  CD3EF4G\nDE4FG5H  EF5GH6I  FGHIJKL", want: "AB1CD2E,BC2DE3F,CD3EF4G,DE4FG5H,EF5GH6I,FGHIJKL"},
	{name: "X", text: "k3v9xq2mw7ta\n", want: "k3v9xq2mw7ta"},
	{name: "X, a code without digits", text: "kxvcxqzmwfta", want: "kxvcxqzmwfta"},
	{name: "X's page", text: "Backup code\n\nk3v9xq2mw7ta\n\nGenerate new code", want: "k3v9xq2mw7ta", ignored: 2},
	{name: "Nextcloud", text: "Abcdefgh1jklmnop\nQrstuvwx2zabcdef\nAbcdefghijklmnoP", want: "Abcdefgh1jklmnop,Qrstuvwx2zabcdef,AbcdefghijklmnoP"},
	{name: "Laravel", text: "abcdEF1234-ghijKL5678\nABCDef1234-GHIJkl5678", want: "abcdEF1234-ghijKL5678,ABCDef1234-GHIJkl5678"},
	{name: "Gitea", text: "Your scratch token is ABCDEFGH23.", want: "ABCDEFGH23", ignored: 0},
	{name: "1Password", text: "1PRK-ABCDE-FGHIJ-KLMN2-PQRS3-TUVW4-XYZ56", want: "1PRK-ABCDE-FGHIJ-KLMN2-PQRS3-TUVW4-XYZ56"},
	{name: "codes of letters alone", text: "abcdefgh\nijklmnop\nqrstuvwx\n", want: "abcdefgh,ijklmnop,qrstuvwx"},

	{name: "JSON, a list", text: "[\n  \"4f3c2-9a1be\",\n  \"8d2e1-00c4f\"\n]", want: "4f3c2-9a1be,8d2e1-00c4f"},
	{name: "JSON, numbers", text: `{"recovery_codes":[12345678,23456789],"account":34567890}`, want: "12345678,23456789", ignored: 1},
	{name: "JSON, cut off", text: "[\n  \"4f3c2-9a1be\",\n  \"8d2e1-00c4f\",\n", want: "4f3c2-9a1be,8d2e1-00c4f"},
	{name: "CSV", text: "number,code,used\n1,4f3c2-9a1be,false\n2,8d2e1-00c4f,true\n3,abcde-fabc1,\n", want: "1=4f3c2-9a1be,2=8d2e1-00c4f*,3=abcde-fabc1", ignored: 1},
	{name: "CSV with quotes and dates", text: "\"Email\";\"Backup code\";\"Used at\"\n\"a@b.c\";\"1234 5678\";\"2026-11-23\"\n\"a@b.c\";\"2234 5678\";\"\"\n", want: "1234 5678*,2234 5678", ignored: 1},
	{name: "Markdown list", text: "# Codes\n\n- `4f3c2-9a1be`\n- ~~`8d2e1-00c4f`~~\n- **abcde-fabc1**\n", want: "4f3c2-9a1be,8d2e1-00c4f*,abcde-fabc1", ignored: 1},
	{name: "Markdown boxes", text: "- [ ] 1234 5678\n- [x] 2234 5678\n- [X] 3234 5678", want: "1234 5678,2234 5678*,3234 5678*"},
	{name: "Markdown table", text: "| # | Code | Used |\n|---|------|------|\n| 1 | 4f3c2-9a1be | |\n| 2 | 8d2e1-00c4f | 2026-11-23 |\n", want: "1=4f3c2-9a1be,2=8d2e1-00c4f*", ignored: 1},
	{name: "HTML", text: "<ol><li>4f3c2-9a1be</li><li><s>8d2e1-00c4f</s></li></ol>", want: "4f3c2-9a1be,8d2e1-00c4f*"},
	{name: "one line, commas", text: "4f3c2-9a1be, 8d2e1-00c4f,abcde-fabc1", want: "4f3c2-9a1be,8d2e1-00c4f,abcde-fabc1"},
	{name: "one line, spaces", text: "4f3c2-9a1be 8d2e1-00c4f abcde-fabc1", want: "4f3c2-9a1be,8d2e1-00c4f,abcde-fabc1"},
	{name: "one line, numbered", text: "1 4f3c2-9a1be 2 8d2e1-00c4f 3 abcde-fabc1", want: "1=4f3c2-9a1be,2=8d2e1-00c4f,3=abcde-fabc1"},
	{name: "numbers of all kinds", text: "1) 12345678\n(2) 23456789\n#3 34567890\n04: 45678901\n[5] 56789012\n6.67890123\n7 78901234\n8 - 89012345", want: "1=12345678,2=23456789,3=34567890,4=45678901,5=56789012,6=67890123,7=78901234,8=89012345"},
	{name: "numbers in words", text: "Code 1: 1234 5678\nCode 2: 2234 5678 (used)\nBackup code #3: 3234 5678", want: "1=1234 5678,2=2234 5678*,3=3234 5678"},
	{name: "numbers on lines of their own", text: "1.\n4f3c2-9a1be\n2.\n8d2e1-00c4f", want: "1=4f3c2-9a1be,2=8d2e1-00c4f"},
	{name: "numbers by columns", text: "1. 1234 5678   3. 3234 5678\n2. 2234 5678   4. 4234 5678", want: "1=1234 5678,2=2234 5678,3=3234 5678,4=4234 5678"},
	{name: "a number twice", text: "1. 12345678\n1. 23456789", want: "12345678,23456789"},
	{name: "marks of all kinds", text: "12345678 used\n✓ 23456789\n34567890 ✗\n4\u03365\u03366\u03367\u03368\u03369\u03360\u03361\u0336\n56789012 - used on 24 Nov 2026\n67890123  used 2026-11-24\nused: 78901234\n89012345 unused\n90123456 not used\n☐ 01234567\n☑ 13579246", want: "12345678*,23456789*,34567890*,45678901*,56789012*,67890123*,78901234*,89012345,90123456,01234567,13579246*"},
	{name: "our own form", text: "1. 4f3c2-9a1be\n2. 8d2e1-00c4f  used 2026-11-24", want: "1=4f3c2-9a1be,2=8d2e1-00c4f*"},
	{name: "repeated", text: "12345678\n2345 6789\n23456789 used\n", want: "12345678,2345 6789*", repeated: 1},
	{name: "dashes of a word processor", text: "4f3c2\u20139a1be\n\u200b8d2e1\u201100c4f\n“abcde-fabc1”", want: "4f3c2-9a1be,8d2e1-00c4f,abcde-fabc1"},

	{name: "letters in front", text: "a) 12345678\nb) 23456789\nC. 34567890\no 45678901", want: "12345678,23456789,34567890,45678901"},
	{name: "columns of a terminal", text: "No  Code         Status\n1   4f3c2-9a1be  unused\n2   8d2e1-00c4f  used\n", want: "1=4f3c2-9a1be,2=8d2e1-00c4f*", ignored: 1},
	{name: "rows without a head", text: "1,4f3c2-9a1be,true\n2\t8d2e1-00c4f", want: "1=4f3c2-9a1be,2=8d2e1-00c4f"},
	{name: "words in front", text: "Backup code 1234 5678\ncode 2234 5678\nYour code is 3234 5678.", want: "1234 5678,2234 5678,3234 5678"},
	{name: "a sentence", text: "Use backup code R12345 for that, not base32 or 12345678.", want: "R12345"},
	{name: "variables", text: "RECOVERY_CODE_1=4f3c2-9a1be\nRECOVERY_CODE_2=8d2e1-00c4f", want: "4f3c2-9a1be,8d2e1-00c4f"},
	{name: "short codes", text: "1. 1111\n2. 2222 (used)\n3. a333\n", want: "1=1111,2=2222*,3=a333"},
	{name: "a name above the list", text: "alice2000\n01234567\nabcdef01\nfedcba98\n89abcdef\n", want: "01234567,abcdef01,fedcba98,89abcdef", ignored: 1},
	{name: "a name above letters alone", text: "GitHub\nabcdefgh\nijklmnop\nqrstuvwx\n", want: "abcdefgh,ijklmnop,qrstuvwx", ignored: 1},
	{name: "an odd one in the list", text: "01234567\nabcdef01\nfedcba9\n89abcdef\n12345678", want: "01234567,abcdef01,fedcba9,89abcdef,12345678"},

	{name: "the form behind another's label", form: `^[0-9a-f]{5}-[0-9a-f]{5}$`, text: "GitHub: 4f3c2-9a1be\nID: 12345678", want: "4f3c2-9a1be", ignored: 1},
	{name: "the form looks like a date", form: `^\d{2}-\d{2}-\d{4}$`, text: "11-12-2013\n98-76-5432", want: "11-12-2013,98-76-5432"},
	{name: "the form decides on groups", form: `^\d{4} ?\d{4}$`, text: "1234 5678 2234 5678 3234 5678 4234 5678", want: "1234 5678,2234 5678,3234 5678,4234 5678"},
	{name: "the form finds it in a sentence", form: `^[A-HJ-NP-Z2-9]{10}$`, text: "Your scratch token is ABCDEFGH23. Keep it.", want: "ABCDEFGH23"},
	{name: "the form leaves out what has another", form: `^[0-9a-f]{5}-[0-9a-f]{5}$`, text: "1234567890\n4f3c2-9a1be\n8d2e1-00c4f", want: "4f3c2-9a1be,8d2e1-00c4f", ignored: 1},
	{name: "a mistyped one beside the form", form: `^[0-9a-f]{5}-[0-9a-f]{5}$`, text: "4f3c2-9a1be\n8d2el-o0c4f", want: "4f3c2-9a1be,8d2el-o0c4f"},
	{name: "nothing has the form", form: `^\d{8}$`, text: github, want: "4f3c2-9a1be,8d2e1-00c4f,abcde-fabcd"},
	{name: "the form in capital letters", form: `^[a-z0-9]{4}-[a-z0-9]{4}$`, text: "ABCD-EF12\nABCD-EFGH", want: "ABCD-EF12,ABCD-EFGH"},
}

func TestRecognize(t *testing.T) {
	for _, l := range layouts {
		found, err := Codes([]byte(l.text), l.regexp())
		if err != nil {
			t.Errorf("%s: %v", l.name, err)
			continue
		}
		if got := summary(found); got != l.want {
			t.Errorf("%s:\ngot  %s\nwant %s", l.name, got, l.want)
		}
		if len(found.Ignored) != l.ignored || len(found.Repeated) != l.repeated {
			t.Errorf("%s: ignored %+v, repeated %+v", l.name, found.Ignored, found.Repeated)
		}
	}
}

func (l layout) regexp() *regexp.Regexp {
	if l.form == "" {
		return nil
	}
	return regexp.MustCompile(l.form)
}

func summary(f Found) string {
	var list []string
	for _, c := range f.Codes {
		s := c.Text
		if f.Numbered {
			s = fmt.Sprintf("%d=%s", c.Number, s)
		}
		if c.Used {
			s += "*"
		}
		list = append(list, s)
	}
	return strings.Join(list, ",")
}

// No word of these is a code.
var prose = []string{
	"", " \n\t\n", "hello", "Hello, world!", "----------",
	"Keep these backup codes somewhere safe but accessible.",
	"SAVE YOUR BACKUP CODES",
	"please always secure every backup number before travel",
	"Recovery codes\nDownload\nPrint\nGenerate new codes\nContinue",
	"Two-factor authentication\nSign-in history\nAuthentication",
	"(alice@example.com)\nhttps://github.com/settings/auth/recovery-codes",
	"Generated on 2026-11-23 at 10:30:00\n11/23/2026\n23.11.2026\n2026-11-23T10:30:00Z\n20261123T103000Z",
	"Nov 23, 2026", "Call +1 555 0100 or visit www.example.com/2fa2fa2fa",
	"You have 10 codes left. Step 2: confirm.",
	"1. Open Settings\n2. Choose Security\n3. Choose Password\n",
	"Your account number is 12345678 and your order is A1B2C3D4.",
	"User ID: 123456789012\nPhone: 5550100123\nOrder: A1B2C3D4",
	"[]", "{}", `["Settings","Security"]`, `{"id":"12345678","email":"a@b.c"}`,
	"code,used\n", "<html><body>Not found</body></html>", "contents", "PostgreSQL", "software\nlicenses\nwarranty", "A key of HMAC-SHA-256 is kept apart by Argon2id, in base32.",
	"12345", "1234", "a1b2c", "1234\n2345", "1234\n2345\n345", "1234\n2345\n3456\nor so",
}

func TestProseIsNotCodes(t *testing.T) {
	forms := []*regexp.Regexp{nil, regexp.MustCompile(`^[0-9a-f]{5}-[0-9a-f]{5}$`), regexp.MustCompile(`^\d{4} ?\d{4}$`)}
	for _, text := range prose {
		for _, form := range forms {
			if found, err := Codes([]byte(text), form); !errors.Is(err, backup.ErrNotCodes) {
				t.Errorf("%q, form %v: %q, %v", text, form, found.Texts(), err)
			}
		}
	}
}

func TestRecognizeEncodings(t *testing.T) {
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		var text []byte
		for _, unit := range utf16.Encode([]rune("\ufeffüber:\r\n4f3c2-9a1be\r\n")) {
			text = order.AppendUint16(text, unit)
		}
		found, err := Codes(text, nil)
		if err != nil || summary(found) != "4f3c2-9a1be" || len(found.Ignored) != 1 || found.Ignored[0].Text != "über:" {
			t.Errorf("UTF-16, %s endian: %+v, %v", name, found, err)
		}
		if _, err := Codes(text[:len(text)-1], nil); !errors.Is(err, backup.ErrNotText) {
			t.Errorf("UTF-16, %s endian, cut off: %v", name, err)
		}
		if _, err := Codes(text[2:], nil); !errors.Is(err, backup.ErrNotText) {
			t.Errorf("UTF-16, %s endian, without its mark: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"Latin-1":      "4f3c2-9a1be\nf\xfcr alle",
		"a picture":    "\x89PNG\r\n\x1a\n\x00\x00",
		"lone halves":  "\xff\xfe\x00\xd8a\x00",
		"a zero in it": "4f3c2-9a1be\x00",
	} {
		if _, err := Codes([]byte(text), nil); !errors.Is(err, backup.ErrNotText) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Codes([]byte("4f3c2-9a1be\nf\xfcr alle"), nil); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("the line is not named: %v", err)
	}
}

func TestRecognizeIsBounded(t *testing.T) {
	var many strings.Builder
	for i := range backup.MaxCodes {
		fmt.Fprintf(&many, "%08d\n", i)
	}
	found, err := Codes([]byte(many.String()), nil)
	if err != nil || len(found.Codes) != backup.MaxCodes {
		t.Errorf("%d codes: %d, %v", backup.MaxCodes, len(found.Codes), err)
	}
	many.WriteString("99999999\n")
	if _, err := Codes([]byte(many.String()), nil); !errors.Is(err, backup.ErrTooLarge) {
		t.Errorf("one more: %v", err)
	}
	if _, err := Codes(make([]byte, backup.MaxText+1), nil); !errors.Is(err, backup.ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
}

func TestFoundSet(t *testing.T) {
	found, err := Codes([]byte("3. 12345678\n5. 23456789 (used)\n4. 34567890"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []backup.Code{{Number: 3, Text: "12345678"}, {Number: 4, Text: "34567890"}, {Number: 5, Text: "23456789", Used: day("2026-11-24")}}
	if got := found.Set(day("2026-11-24")); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	var r backup.Record
	if err := r.Supersede(found.Set(day("2026-11-24")), day("2026-11-24")); err != nil || r.Left() != 2 {
		t.Errorf("%d left, %v", r.Left(), err)
	}
}

func FuzzRecognize(f *testing.F) {
	for _, l := range layouts {
		f.Add([]byte(l.text), l.form)
	}
	for _, text := range prose {
		f.Add([]byte(text), "")
	}
	f.Fuzz(func(t *testing.T, text []byte, form string) {
		compiled, err := regexp.Compile(form)
		if form == "" || err != nil {
			compiled = nil
		}
		found, err := Codes(text, compiled)
		if err != nil {
			if !errors.Is(err, backup.ErrNotCodes) && !errors.Is(err, backup.ErrNotText) && !errors.Is(err, backup.ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		var numbers []int
		for _, c := range found.Codes {
			if c.Text == "" || c.Line < 1 || slices.Contains(numbers, c.Number) || c.Number < 1 {
				t.Fatalf("%+v", found.Codes)
			}
			numbers = append(numbers, c.Number)
		}
		if !slices.IsSorted(numbers) {
			t.Fatalf("numbers %d", numbers)
		}
		if again, _ := Codes(text, compiled); !reflect.DeepEqual(found, again) {
			t.Fatal("not the same the second time")
		}
		var r backup.Record
		if err := r.Supersede(found.Set(day("2026-11-24")), day("2026-11-24")); err != nil {
			t.Fatal(err)
		}
		roundTrip(t, r)
	})
}

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func roundTrip(t *testing.T, r backup.Record) {
	t.Helper()
	text, err := r.MarshalText()
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	back, err := backup.ParseRecord(text)
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Fatalf("%v\nwas  %+v\nis   %+v\ntext %s", err, r, back, text)
	}
}

func TestVerbatim(t *testing.T) {
	for text, want := range map[string][]string{
		"\ufeffco,mma:1:2\r\n\r\n 日本語コード99 \r\n100%&=?#x": {"co,mma:1:2", "日本語コード99", "100%&=?#x"},
		"Save these codes!\nhunter2\nhunter2\n":           {"Save these codes!", "hunter2"},
	} {
		f, err := Verbatim([]byte(text))
		if err != nil || !slices.Equal(f.Texts(), want) {
			t.Errorf("%q: %q, %v; want %q", text, f.Texts(), err, want)
		}
		r := backup.Record{}
		if err := r.Supersede(f.Set(day("2026-11-23")), day("2026-11-23")); err != nil {
			t.Fatal(err)
		}
		kept, err := r.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := backup.ParseRecord(kept); err != nil || back.Current().Codes[0].Text != want[0] {
			t.Errorf("%q is kept as %q, %v", want[0], kept, err)
		}
	}
	for text, want := range map[string]error{
		"":                                    backup.ErrNotCodes,
		" \n\t\n":                             backup.ErrNotCodes,
		"good\nb\x1b[31mad\n":                 backup.ErrNotCodes,
		"\xff\xffcode":                        backup.ErrNotText,
		strings.Repeat("x", backup.MaxText+1): backup.ErrTooLarge,
		numbered(backup.MaxCodes + 1):         backup.ErrTooLarge,
	} {
		if _, err := Verbatim([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", text, err, want)
		}
	}
}

// numbered returns as many lines, no two the same.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("x", i+1) + "\n")
	}
	return b.String()
}

// Of what google-authenticator prints and writes, the scratch codes alone are taken, and
// the secret is not repeated.
func TestPAM(t *testing.T) {
	const secret = "WQ3TQOJQGEZDGNBVGY3TQOJQGE"
	for name, text := range map[string]string{
		"screen": "Warning: pasting the following URL into your browser exposes the OTP secret to Google:\n" +
			"  https://www.google.com/chart?chs=200x200&chld=M|0&cht=qr&chl=otpauth://totp/alice@host%3Fsecret%3D" + secret + "%26issuer%3Dhost\n" +
			"Your new secret key is: " + secret + "\nYour verification code is 496804\nYour emergency scratch codes are:\n  53417654\n  12345678\n",
		"later": "Your new secret key is: " + secret + "\nEnter code from app (-1 to skip): 496804\nCode confirmed\n" +
			"Your emergency scratch codes are:\n  53417654\n  12345678\n\nDo you want me to update your \"/root/.google_authenticator\" file? (y/n) y\n",
		"file":         secret + "\n\" RATE_LIMIT 3 30 1764170000\n\" DISALLOW_REUSE 58805666\n\" TOTP_AUTH\n53417654\n12345678\n",
		"counter":      secret + "\r\n\" HOTP_COUNTER 1\r\n53417654\r\n12345678\r\n",
		"cut":          "Your new secret key is: " + secret + "\nYour verification code is 496804\n  53417654\n  12345678\n",
		"in lower":     "secret=" + strings.ToLower(secret) + "\n53417654\n12345678\n",
		"secret alone": "WQ3T QOJQ GEZD GNBV GY3T QOJQ GEAA\n\" TOTP_AUTH\n53417654\n12345678\n",
	} {
		f, err := Codes([]byte(text), nil)
		if err != nil || !slices.Equal(f.Texts(), []string{"53417654", "12345678"}) {
			t.Errorf("%s: %q, %v", name, f.Texts(), err)
		}
		for _, line := range f.Ignored {
			if strings.Contains(strings.ToUpper(line.Text), "WQ3T") {
				t.Errorf("%s: the secret is repeated: %s", name, line.Text)
			}
		}
	}
}

// Spaces and characters that look like the usual ones do not keep a code from being
// taken where its neighbours are.
func TestUnusualSpaces(t *testing.T) {
	for _, space := range []string{"\u00a0", "\u202f", "\u2007", "\u2009", "\u200a", "\u3000"} {
		for at := range 6 {
			list := []string{"abcd1234", "bcde2345", "cdef3456", "defg4567", "efgh5678", "fghi6789"}
			want := slices.Clone(list)
			want[at] = list[at][:4] + " " + list[at][4:]
			list[at] = list[at][:4] + space + list[at][4:]
			f, err := Codes([]byte(strings.Join(list, "\n")), nil)
			if err != nil || !slices.Equal(f.Texts(), want) {
				t.Errorf("%+q at %d: %q, %v", space, at, f.Texts(), err)
			}
		}
	}
	for text, want := range map[string][]string{
		"abcd1234\nefgh\u00ad5678\nijkl9012":        {"abcd1234", "efgh5678", "ijkl9012"},
		"abcd1234\nefgh\u200b5678\nijkl9012":        {"abcd1234", "efgh5678", "ijkl9012"},
		"abcd1234\nefgh５６７８\nijkl9012":              {"abcd1234", "efgh5678", "ijkl9012"},
		"abcd-1234\nefgh－5678\nijkl‑9012":           {"abcd-1234", "efgh-5678", "ijkl-9012"},
		"1.\u00a0abcd-1234\n2.\u00a0efgh\u00a05678": {"abcd-1234", "efgh 5678"},
		"1 abcd 1234 2 efgh 5678":                   nil, // as before, for they may be words
	} {
		if f, _ := Codes([]byte(text), nil); !slices.Equal(f.Texts(), want) && len(want)+len(f.Texts()) > 0 {
			t.Errorf("%q: %q, want %q", text, f.Texts(), want)
		}
	}
}
