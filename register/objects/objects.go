// Package objects keeps files of facts in a storage of objects with the
// interface of Amazon S3, which many storages have, so that machines share them.
package objects

import (
	"context"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"ennakko/fault"
)

// Bucket is a place in a storage. It is safe for concurrent use.
type Bucket struct {
	client       *minio.Client
	name, prefix string
}

// Open names a bucket: s3://key:secret@host:port/bucket/prefix. With ?plain=yes
// it speaks without TLS, for a storage on the same machine. Nothing is connected
// yet.
func Open(address string) (*Bucket, error) {
	const op = "objects.Open"
	bad := fault.New(fault.Invalid, op, "the address of the storage of facts is not one").Do("s3://key:secret@host/bucket/prefix")
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User == nil {
		return nil, bad
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	secret, there := u.User.Password()
	plain := u.Query().Get("plain") == "yes"
	if bucket == "" || !there || plain && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" && u.Hostname() != "localhost" {
		return nil, bad
	}
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(u.User.Username(), secret, ""), Secure: !plain, Region: u.Query().Get("region")})
	if err != nil {
		return nil, bad
	}
	if prefix != "" {
		prefix += "/"
	}
	return &Bucket{c, bucket, prefix}, nil
}

// told turns the storage's faults into ours.
func told(op string, err error) error {
	if err == nil {
		return nil
	}
	switch r := minio.ToErrorResponse(err); r.Code {
	case "NoSuchKey":
		return fault.New(fault.Missing, op, "the file of facts is not in the storage").Do("bring the storage back from its backup")
	case "NoSuchBucket":
		return fault.New(fault.Missing, op, "there is no such bucket in the storage of facts").Do("make it, or mend the address")
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fault.New(fault.Refused, op, "the storage of facts refuses the key").Do("mend the key and secret of its address")
	}
	return fault.New(fault.Later, op, "the storage of facts does not answer").Because(err)
}

// Put implements parquet.Remote.
func (b *Bucket) Put(ctx context.Context, path, file string) error {
	_, err := b.client.FPutObject(ctx, b.name, b.prefix+path, file, minio.PutObjectOptions{ContentType: "application/vnd.apache.parquet"})
	return told("objects.Put", err)
}

// Get implements parquet.Remote.
func (b *Bucket) Get(ctx context.Context, path, file string) error {
	return told("objects.Get", b.client.FGetObject(ctx, b.name, b.prefix+path, file, minio.GetObjectOptions{}))
}

// Remove implements parquet.Remote.
func (b *Bucket) Remove(ctx context.Context, path string) error {
	err := told("objects.Remove", b.client.RemoveObject(ctx, b.name, b.prefix+path, minio.RemoveObjectOptions{}))
	if fault.KindOf(err) == fault.Missing {
		return nil
	}
	return err
}
