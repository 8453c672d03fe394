package api

import (
	"net/http"
	"strconv"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/webhook"
)

// webhookForm is a webhook. The key that a caller sends is never sent back.
type webhookForm struct {
	ID          *string `json:"id"`
	Address     *string `json:"payloadUrl"`
	ContentType *string `json:"contentType"`
	Disabled    *bool   `json:"disabled"`
	Secret      *string `json:"secretKey"`
}

type webhookBody struct {
	Webhook *webhookForm `json:"webhook"`
}

func (b *webhookBody) lacks() string {
	f := b.Webhook
	if f == nil {
		return "webhook"
	}
	return first(need{"webhook.id", f.ID != nil}, need{"webhook.payloadUrl", f.Address != nil}, need{"webhook.contentType", f.ContentType != nil},
		need{"webhook.disabled", f.Disabled != nil}, need{"webhook.secretKey", f.Secret != nil})
}

// hookForm is a webhook in the protocol's form, without its key.
func hookForm(w store.Webhook) *webhookForm {
	return &webhookForm{ID: new(strconv.FormatInt(int64(w.ID), 10)), Address: &w.Address, ContentType: new("application/json"), Disabled: &w.Disabled, Secret: new("")}
}

func sendHook(w http.ResponseWriter, h store.Webhook) error {
	answer(w, http.StatusOK, webhookBody{hookForm(h)})
	return nil
}

func (s *server) hookRoutes(on func(access.Action, string, operation)) {
	const keep = access.KeepWebhooks
	on(keep, "POST   /config/webhook/", s.addHook)
	on(keep, "GET    /config/webhook/{webhook}/", s.readHook)
	on(keep, "PUT    /config/webhook/{webhook}/", s.changeHook)
	on(keep, "DELETE /config/webhook/{webhook}/", s.removeHook)
	on(keep, "GET    /config/webhooks/", s.listHooks)
}

// mostHooks is how many webhooks a caller may have.
const mostHooks = 20

// noRevision refuses the number of a revision: the protocol's answers about webhooks
// have no room for one, and what a webhook was is not what it is told at.
func noRevision(q map[string]string) error {
	if q["revisionId"] != "" {
		return refuse("no-such-revision", "webhooks have no revisions")
	}
	return nil
}

// everyone reports whether a caller may see all permissions, and not only those of its
// own individuals.
func (s *server) everyone(c Caller) bool {
	return c.May(s.Policies, access.AuditPermissions)
}

// wanted checks what a caller wants of a webhook. The key is nil when it sends none.
func (s *server) wanted(c Caller, f *webhookForm) (h store.Webhook, key []byte, err error) {
	h = store.Webhook{Caller: c.Name, Disabled: *f.Disabled, Everyone: s.everyone(c), Since: s.Now()}
	if *f.ContentType != "application/json" {
		return h, nil, refuse("bad-content-type", "contentType is application/json: nothing else is sent")
	}
	if h.Address, err = webhook.ParseAddress(*f.Address, c.Hosts); err != nil {
		code := "bad-address"
		if fault.KindOf(err) == fault.Refused {
			code = "host-not-permitted"
		}
		return h, nil, said(code, err)
	}
	if *f.Secret == "" {
		return h, nil, nil
	}
	key, err = webhook.ParseKey(*f.Secret)
	return h, key, said("bad-key", err)
}

// said gives a fault a word for programs.
func said(code string, err error) error {
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // made by the parsers themselves
		return coded{f, code}
	}
	return err
}

func (s *server) addHook(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	var in webhookBody
	if err := readBody(r, &in); err != nil {
		return err
	}
	if *in.Webhook.ID != "" {
		return refuse("id-given", "the city gives webhooks their numbers: send an empty id")
	}
	h, key, err := s.wanted(c, in.Webhook)
	if err != nil {
		return err
	}
	if key == nil {
		return refuse("bad-key", "secretKey is needed: what is sent is signed with it")
	}
	if all, err := s.DB.Webhooks(r.Context(), c.Name, 0, mostHooks); err != nil || len(all) == mostHooks {
		if err == nil {
			err = refuse("too-many", "a system has at most %d webhooks", mostHooks)
		}
		return err
	}
	if err := s.hookAct(r, c, "register a webhook", func(tx store.Tx) (err error) {
		h.ID, err = tx.AddWebhook(h, key)
		return err
	}); err != nil {
		return err
	}
	return sendHook(w, h)
}

// hookAct does something to a caller's webhook, on the record.
func (s *server) hookAct(r *http.Request, c Caller, verb string, do func(store.Tx) error) error {
	act, err := s.systemAct(c, verb, "GDPR 24(1)")
	if err != nil {
		return err
	}
	return s.DB.Write(r.Context(), act, func(tx store.Tx) error {
		tx.About("webhook of " + c.Name)
		return do(tx)
	})
}

// hookOf is the webhook of the address, if it is the caller's.
func (s *server) hookOf(r *http.Request, c Caller) (store.Webhook, error) {
	id, ok := recordID(r.PathValue("webhook"))
	if !ok {
		return store.Webhook{}, refuse("no-such-webhook", "there is no such webhook")
	}
	h, err := s.DB.Webhook(r.Context(), c.Name, store.WebhookID(id))
	return h, known(err, "webhook")
}

func (s *server) readHook(w http.ResponseWriter, r *http.Request, c Caller) error {
	q, err := query(r, "revisionId")
	if err == nil {
		err = noRevision(q)
	}
	if err != nil {
		return err
	}
	h, err := s.hookOf(r, c)
	if err != nil {
		return err
	}
	return sendHook(w, h)
}

// changeHook changes a webhook. An empty key leaves the one that is there. What waits
// is told at once, and at the new address.
func (s *server) changeHook(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	var in webhookBody
	if err := readBody(r, &in); err != nil {
		return err
	}
	is, err := s.hookOf(r, c)
	if err != nil {
		return err
	}
	if id, ok := recordID(*in.Webhook.ID); !ok || store.WebhookID(id) != is.ID {
		return refuse("other-webhook", "the id is not that of the address")
	}
	h, key, err := s.wanted(c, in.Webhook)
	if err != nil {
		return err
	}
	h.ID, h.Since = is.ID, is.Since
	if err := s.hookAct(r, c, "change a webhook", func(tx store.Tx) error { return tx.ChangeWebhook(h, key) }); err != nil {
		return known(err, "webhook")
	}
	return sendHook(w, h)
}

func (s *server) removeHook(w http.ResponseWriter, r *http.Request, c Caller) error {
	if _, err := query(r); err != nil {
		return err
	}
	if err := bare(r); err != nil {
		return err
	}
	h, err := s.hookOf(r, c)
	if err != nil {
		return err
	}
	if err := s.hookAct(r, c, "remove a webhook", func(tx store.Tx) error { return tx.RemoveWebhook(c.Name, h.ID, s.Now()) }); err != nil {
		return known(err, "webhook")
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *server) listHooks(w http.ResponseWriter, r *http.Request, c Caller) error {
	p, q, err := pageOf(r, "revisionId")
	if err == nil {
		err = noRevision(q)
	}
	if err != nil {
		return err
	}
	all, err := s.DB.Webhooks(r.Context(), c.Name, p.offset, p.limit)
	if err != nil {
		return err
	}
	out := []*webhookForm{}
	for _, h := range all {
		out = append(out, hookForm(h))
	}
	answer(w, http.StatusOK, struct {
		Webhooks []*webhookForm `json:"webhooks"`
	}{out})
	return nil
}
