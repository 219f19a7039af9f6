package sheet

import (
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// sealedSteps tell how to come back from a sheet that a passphrase opens.
func (s Sheet) sealedSteps() []layout.Steps {
	withPassphrase := s.withTokenctl()
	withPassphrase.Steps = append(withPassphrase.Steps[:3:3],
		"Run: tokenctl restore PICTURE...",
		"Type the passphrase of this sheet when you are asked for it.",
		"All parts are needed. "+missingStep,
		"When your codes work again, delete the pictures.",
	)
	return []layout.Steps{
		withPassphrase,
		sealedByHand,
		afterLoss,
		s.keeping("This sheet opens with the passphrase alone, and without it not at all. Keep the passphrase in another place."),
	}
}

// joinParts is what the sheet tells to run with the texts of its QR codes, one a
// line, for the sealed file.
const joinParts = "grep tokenctl:part codes.txt | sort -u | sed 's/.*data=//' | base64 -d > sheet.age"

var sealedByHand = layout.Steps{Heading: "To come back without tokenctl", Steps: []string{
	"Install age from https://age-encryption.org and a program that reads QR codes, such as zbarimg. On Debian, run: sudo apt install age zbar-tools",
	"Scan all pages, and run: zbarimg -q --raw PICTURE... > codes.txt",
	"Put the parts together. Run: " + joinParts,
	"If your program is another one: the sealed file is, in base64, what follows data= in each part, one part after the other.",
	"Run: age -d sheet.age",
	"It asks for the passphrase, and prints accounts and backup codes in plain text. Make a QR code of each line that begins with otpauth: and scan it with an authenticator app. The program qrencode makes one.",
	"When you are done, delete the files.",
}}

// splitSteps tell how to come back from a sheet that is split.
func (s Sheet) splitSteps(share shareRecord) []layout.Steps {
	together := s.withTokenctl()
	together.Heading = fmt.Sprintf("To come back, with %d of these %d sheets", share.need, share.of)
	together.Steps = append(together.Steps[:1:1],
		fmt.Sprintf("Bring together any %d of the %d sheets that have the ID %s.", share.need, share.of, s.ID),
		"Scan all pages of one of them, and of the others the page with the share: flat, sharp, in good light. Order and direction do not matter.",
		"Plug in a new security key. If you have none, tokenctl makes a vault on your computer.",
		"Run: tokenctl restore PICTURE...",
		"It names a share that does not belong to the others. "+missingStep,
		"When your codes work again, delete the pictures.",
	)
	return []layout.Steps{
		together,
		{Heading: "To come back without tokenctl", Steps: []string{
			"A short program in Python puts the shares together, and age opens the parts. Both are described here: " + home + "/blob/main/docs/sheet-format.md",
		}},
		afterLoss,
		s.keeping(fmt.Sprintf("Fewer than %d of these sheets tell nothing. Keep each in another place, or with another person.", share.need)),
	}
}
