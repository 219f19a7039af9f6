// Damage counts how many QR codes of a recovery sheet are read when its pages are
// damaged, by tokenctl's reader and by zbarimg, and how much processor time, time on the
// wall and memory it takes, as a multiple of what zbarimg takes of the same pictures:
//
//	go run ./.ci/damage [-dpi 340,150,100] [-rounds 1] [REGEXP]
//
// The regular expression chooses rows of the table by their names. It wants pdftoppm and
// zbarimg.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/sheettest"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// high is the height of A4 paper, in its widths: Damage counts in widths.
const high = 297.0 / 210

var rows = []struct {
	name string
	dpi  string // where it is seen
	harm string // before, one of the harms or "two"
	sheettest.Damage
}{
	{"clean", "340 150 100", "", sheettest.Damage{}},
	{"curled by 5 %", "340 150", "", sheettest.Damage{Curl: 0.05 * high}},
	{"curled by 8 %", "340 150", "", sheettest.Damage{Curl: 0.08 * high}},
	{"curled by 12 %, which cuts codes off", "340 150", "", sheettest.Damage{Curl: 0.12 * high}},
	{"crumpled by 0.2 %", "340 150 100", "", sheettest.Damage{Crumple: 0.002}},
	{"crumpled by 0.4 %", "340 150 100", "", sheettest.Damage{Crumple: 0.004}},
	{"crumpled by 0.8 %", "340 150 100", "", sheettest.Damage{Crumple: 0.008}},
	{"perspective of 20 %", "340 150", "", sheettest.Damage{Perspective: 0.2}},
	{"shadow of 70 %", "340 150", "", sheettest.Damage{Shadow: 0.7}},
	{"contrast of 20 %", "340 150", "", sheettest.Damage{Contrast: 0.2}},
	{"turned", "340 150", "", sheettest.Damage{Turn: 1, Skew: 7}},
	{"motion of 5 pixels", "340 150", "", sheettest.Damage{Motion: 5}},
	{"JPEG 60", "340 150 100", "", sheettest.Damage{Skew: 3, JPEG: 60}},
	{"all together, and noise of 5 %", "340 150", "", sheettest.Damage{Turn: 1, Skew: 7, Perspective: 0.2, Shadow: 0.7, Noise: 0.05, JPEG: 60}},
	{"negative", "340 150", "", sheettest.Damage{Inverted: true}},
	{"blur of 1 pixel, skew 3, noise 5 %", "150 100", "", sheettest.Damage{Blur: 1, Skew: 3, Noise: 0.05}},
	{"blur of 1.5 pixels, skew 3, noise 5 %", "150 100", "", sheettest.Damage{Blur: 1.5, Skew: 3, Noise: 0.05}},
	{"blur of 1.7 pixels, skew 3, noise 5 %", "150 100", "", sheettest.Damage{Blur: 1.7, Skew: 3, Noise: 0.05}},
	{"blur of 2 pixels, skew 3, noise 5 %", "150 100", "", sheettest.Damage{Blur: 2, Skew: 3, Noise: 0.05}},
	{"torn corner", "340 150 100", "torn", sheettest.Damage{Skew: 2}},
	{"coffee ring", "340 150 100", "coffee", sheettest.Damage{Skew: 2}},
	{"strokes of a pen", "340 150 100", "pen", sheettest.Damage{Skew: 2}},
	{"strokes of a marker, 4 mm", "340 150 100", "marker", sheettest.Damage{Skew: 2}},
	{"holes of 6 mm", "340 150 100", "holes", sheettest.Damage{Skew: 2}},
	{"staples", "340 150 100", "staple", sheettest.Damage{Skew: 2}},
	{"folded twice", "340 150 100", "fold", sheettest.Damage{Skew: 2, Blur: 0.7}},
	{"hand's shadow", "340 150 100", "hand", sheettest.Damage{Skew: 2, Grain: 5, JPEG: 70}},
	{"fax", "340 150 100", "fax", sheettest.Damage{}},
	{"sharpened by a telephone", "340 150 100", "sharpened", sheettest.Damage{JPEG: 80}},
	{"two pages in a picture", "340 150 100", two, sheettest.Damage{Blur: 0.7, Grain: 5, JPEG: 80}},
}

// two is the harm that two pages are in one picture.
const two = "two"

// damaged is added to the name of a page that is.
const damaged = ".damaged.png"

func main() {
	rounds := flag.Int("rounds", 1, "how many times each program reads, in turn; the quickest counts")
	resolutions := flag.String("dpi", "340,150,100", "resolutions")
	read := flag.Bool("read", false, "read the pictures that are named, as zbarimg does")
	row := flag.Int("row", -1, "damage the pages that are named, as this row of the table says")
	flag.Parse()
	var err error
	switch {
	case *read:
		err = readPictures(flag.Args())
	case *row >= 0:
		err = damagePictures(*row, flag.Args())
	default:
		err = table(strings.Split(*resolutions, ","), flag.Arg(0), *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "damage:", err)
		os.Exit(1)
	}
}

// damagePictures writes damaged pages beside the whole ones.
func damagePictures(row int, names []string) error {
	var previous *image.Gray
	for i, name := range names {
		if err := os.Remove(name + damaged); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		page := image.NewGray(img.Bounds())
		draw.Draw(page, page.Rect, img, image.Point{}, draw.Src)
		if rows[row].harm == two {
			first := previous
			previous = page
			if first == nil {
				continue
			}
			page = twoPages(first, page)
		} else {
			p := &paper{page, rand.New(rand.NewPCG(uint64(i+1), 2)), float64(page.Rect.Dx()) / 210}
			harms[rows[row].harm](p)
			page = p.Gray
		}
		damage := rows[row].Damage
		damage.Seed = uint64(i + 1)
		file, err := os.Create(name + damaged)
		if err != nil {
			return err
		}
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(file, damage.Apply(page)); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

func table(resolutions []string, pattern string, rounds int) error {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "damage")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	own, err := os.Executable()
	if err != nil {
		return err
	}
	texts, document, err := printed(folder)
	if err != nil {
		return err
	}
	fmt.Printf("| Codes read of %d | dpi | tokenctl | zbarimg | time | wall time | memory |\n|---|---|---|---|---|---|---|\n", len(texts))
	for _, dpi := range resolutions {
		pages, err := scan(document, filepath.Join(folder, dpi), dpi)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if !wanted.MatchString(row.name) || !strings.Contains(row.dpi, dpi) {
				continue
			}
			// In a process of its own: the memory that a program took at the most is never
			// less than what the one that started it had.
			damage := exec.Command(own, append([]string{"-row", fmt.Sprint(i)}, pages...)...)
			if out, err := damage.CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			pictures, err := filepath.Glob(filepath.Join(folder, dpi+"-*"+damaged))
			if err != nil {
				return err
			}
			var a, b cost
			for range rounds {
				if err := a.measure(texts, own, append([]string{"-read"}, pictures...)); err != nil {
					return err
				}
				if err := b.measure(texts, "zbarimg", append([]string{"--nodbus", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}, pictures...)); err != nil {
					return err
				}
			}
			fmt.Printf("| %s | %s | %d | %d | %.2f | %.2f | %.2f |\n", row.name, dpi, a.read, b.read,
				a.time.Seconds()/b.time.Seconds(), a.wall.Seconds()/b.wall.Seconds(), float64(a.memory)/float64(b.memory))
		}
	}
	return nil
}

// printed prints a sheet of eight accounts, three of them with backup codes, and returns
// what its QR codes hold, and the name of the document.
func printed(folder string) (texts []string, document string, err error) {
	s := sheet.Sheet{
		Number: 7, Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), ID: "KQ3ZT7AB",
		VaultKey: "AGE-SECRET-KEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZ9K4CN",
	}
	for i := range 8 {
		secret, err := oath.NewSecret(bytes.Repeat([]byte{byte(i), 17, 3, 251}, 5))
		if err != nil {
			return nil, "", err
		}
		account := oath.Account{Issuer: fmt.Sprint("Service ", i), Name: "alice@example.com"}.WithDefaults()
		entry := sheet.Entry{Key: otpauth.Key{Account: account, Secret: secret}}
		if i < 3 {
			set := backup.Set{Generation: 1}
			for j := range 10 {
				set.Codes = append(set.Codes, backup.Code{Number: j + 1, Text: fmt.Sprintf("%04d-%04d", 1234+i*7*j, 9876-j*31)})
			}
			entry.Codes = backup.Record{Policy: backup.AnyOrder, Sets: []backup.Set{set}}
		}
		s.Entries = append(s.Entries, entry)
	}
	d, err := s.Plain()
	if err != nil {
		return nil, "", err
	}
	for _, block := range d.Body {
		for _, symbol := range block.Symbols {
			texts = append(texts, symbol.Text)
		}
	}
	document = filepath.Join(folder, "sheet.pdf")
	file, err := os.Create(document)
	if err != nil {
		return nil, "", err
	}
	if err := d.WritePDF(file, layout.A4); err != nil {
		return nil, "", err
	}
	return texts, document, file.Close()
}

// scan makes pictures of the pages of a document, and returns their names.
func scan(document, prefix, dpi string) ([]string, error) {
	if out, err := exec.Command("pdftoppm", "-r", dpi, "-gray", "-png", document, prefix).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pdftoppm: %w: %s", err, out)
	}
	return filepath.Glob(prefix + "-*.png")
}
