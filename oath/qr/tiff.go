package qr

import (
	"encoding/binary"
	"slices"
)

// maxTIFFPages is how many pages of a TIFF are read: more than a scanner's feeder
// takes.
const maxTIFFPages = 100

// tiffPages returns where the pages of a TIFF are: none if it is another file. The
// header points to the first image file directory, and each of these, behind its
// entries of 12 bytes, to the next (TIFF 6.0, section 2).
func tiffPages(data []byte) (pages []uint32) {
	order := tiffOrder(data)
	if order == nil {
		return nil
	}
	at := order.Uint32(data[4:])
	for at != 0 && !slices.Contains(pages, at) && len(pages) < maxTIFFPages {
		if int64(at)+2 > int64(len(data)) {
			return pages
		}
		pages = append(pages, at)
		next := int64(at) + 2 + 12*int64(order.Uint16(data[at:]))
		if next+4 > int64(len(data)) {
			return pages
		}
		at = order.Uint32(data[next:])
	}
	return pages
}

// tiffOrder returns the order of bytes in a TIFF, nil if it is none.
func tiffOrder(data []byte) binary.ByteOrder {
	if len(data) < 8 {
		return nil
	}
	switch string(data[:4]) {
	case "II*\x00":
		return binary.LittleEndian
	case "MM\x00*":
		return binary.BigEndian
	}
	return nil
}

// turnTo makes a page the first of a TIFF, which is the one that is decoded.
func turnTo(data []byte, page uint32) {
	tiffOrder(data).PutUint32(data[4:], page)
}
