"""What the table needs beyond Django's vocabulary: the function that posts, and consent that takes back what it
gave."""

from django.db import migrations

POST_MESSAGE = """
CREATE FUNCTION post_message(
    p_token bytea, p_id uuid, p_role text, p_client_seq bigint, p_envelope bytea, p_expires_at timestamptz,
    p_model_used text, p_processing_time_ms integer, p_sentiment_score double precision, p_emotion_tags text[],
    p_is_crisis_detected boolean, p_max_seq integer,
    OUT outcome text, OUT id uuid, OUT seq integer, OUT client_seq bigint, OUT role text, OUT content_encrypted bytea,
    OUT created_at timestamptz, OUT expires_at timestamptz, OUT model_used text, OUT processing_time_ms integer,
    OUT sentiment_score double precision, OUT emotion_tags text[], OUT is_crisis_detected boolean
) LANGUAGE plpgsql AS $$
DECLARE
    s record;
    m messages%ROWTYPE;
    refusal text;
BEGIN
    -- The lock comes first: every look below then sees what any other writer of this session committed before.
    SELECT x.id, x.last_seq, x.expires_at, x.shares_signals INTO s
    FROM sessions x
    WHERE x.session_token = p_token AND x.is_active AND x.expires_at > statement_timestamp()
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'unauthorized';
        RETURN;
    END IF;

    refusal := CASE
        WHEN p_expires_at <= statement_timestamp() THEN 'ends_too_early'
        WHEN p_expires_at > s.expires_at THEN 'ends_too_late'
        WHEN NOT s.shares_signals AND num_nonnulls(
            p_model_used, p_processing_time_ms, p_sentiment_score, p_emotion_tags, p_is_crisis_detected) > 0
            THEN 'signals_not_shared'
        WHEN s.last_seq >= p_max_seq THEN 'session_full'
    END;

    LOOP
        IF refusal IS NULL THEN
            INSERT INTO messages (
                session_id, id, client_seq, created_at, seq, role, content_encrypted, model_used, processing_time_ms,
                sentiment_score, emotion_tags, is_crisis_detected, expires_at
            ) VALUES (
                s.id, p_id, p_client_seq, date_trunc('minute', statement_timestamp()), s.last_seq + 1, p_role,
                p_envelope, p_model_used, p_processing_time_ms, p_sentiment_score, p_emotion_tags,
                p_is_crisis_detected, p_expires_at
            ) ON CONFLICT DO NOTHING
            RETURNING * INTO m;
            IF FOUND THEN
                UPDATE sessions x
                SET last_seq = m.seq, last_activity = date_trunc('hour', statement_timestamp())
                WHERE x.id = s.id;
                outcome := 'created';
                EXIT;
            END IF;
        END IF;

        SELECT * INTO m FROM messages x WHERE x.session_id = s.id AND x.id = p_id;
        IF NOT FOUND THEN
            -- Under the lock the seq cannot be taken, and the id is not: only the IV is left.
            outcome := coalesce(refusal, 'iv_reused');
            RETURN;
        ELSIF m.expires_at <= statement_timestamp() THEN
            -- Past its end it is gone for every reader; so it must be for a writer.
            DELETE FROM messages x WHERE x.session_id = s.id AND x.id = p_id;
        ELSIF m.content_encrypted = p_envelope AND m.role = p_role AND m.client_seq = p_client_seq THEN
            outcome := 'replayed';
            EXIT;
        ELSE
            outcome := 'id_reused';
            RETURN;
        END IF;
    END LOOP;

    id := m.id;
    seq := m.seq;
    client_seq := m.client_seq;
    role := m.role;
    content_encrypted := m.content_encrypted;
    created_at := m.created_at;
    expires_at := m.expires_at;
    model_used := m.model_used;
    processing_time_ms := m.processing_time_ms;
    sentiment_score := m.sentiment_score;
    emotion_tags := m.emotion_tags;
    is_crisis_detected := m.is_crisis_detected;
END
$$
"""

# The order of the index is the order of the page. Left to itself, the planner takes the average conversation for this
# one and sorts it whole, which is cheap for fifty messages and not for twenty thousand.
PAGE_OF_MESSAGES = """
CREATE FUNCTION page_of_messages(p_token bytea, p_beyond integer, p_limit integer, p_oldest_first boolean)
RETURNS TABLE (
    id uuid, seq integer, client_seq bigint, role varchar, content_encrypted bytea, created_at timestamptz,
    expires_at timestamptz, model_used varchar, processing_time_ms integer, sentiment_score double precision,
    emotion_tags varchar[], is_crisis_detected boolean
) LANGUAGE plpgsql STABLE SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    s_id uuid;
BEGIN
    SELECT x.id INTO s_id
    FROM sessions x
    WHERE x.session_token = p_token AND x.is_active AND x.expires_at > statement_timestamp();
    IF NOT FOUND THEN
        RETURN NEXT;  -- one row of NULLs: no live session, where no row at all is an empty page
        RETURN;
    END IF;
    IF p_oldest_first THEN
        RETURN QUERY
            SELECT m.id, m.seq, m.client_seq, m.role, m.content_encrypted, m.created_at, m.expires_at, m.model_used,
                   m.processing_time_ms, m.sentiment_score, m.emotion_tags, m.is_crisis_detected
            FROM messages m
            WHERE m.session_id = s_id AND m.seq > p_beyond
              AND (m.expires_at IS NULL OR m.expires_at > statement_timestamp())
            ORDER BY m.seq LIMIT p_limit;
    ELSE
        RETURN QUERY
            SELECT m.id, m.seq, m.client_seq, m.role, m.content_encrypted, m.created_at, m.expires_at, m.model_used,
                   m.processing_time_ms, m.sentiment_score, m.emotion_tags, m.is_crisis_detected
            FROM messages m
            WHERE m.session_id = s_id AND m.seq < p_beyond
              AND (m.expires_at IS NULL OR m.expires_at > statement_timestamp())
            ORDER BY m.seq DESC LIMIT p_limit;
    END IF;
END
$$
"""

FORGET_SIGNALS = """
CREATE FUNCTION forget_signals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE messages
    SET model_used = NULL, processing_time_ms = NULL, sentiment_score = NULL, emotion_tags = NULL,
        is_crisis_detected = NULL
    WHERE session_id = NEW.id
      AND num_nonnulls(model_used, processing_time_ms, sentiment_score, emotion_tags, is_crisis_detected) > 0;
    RETURN NULL;
END
$$
"""

# A trigger and not a service: sessions_app owns the switch and must not know of messages.
FORGET_SIGNALS_TRIGGER = """
CREATE TRIGGER sessions_forget_signals AFTER UPDATE OF shares_signals ON sessions
FOR EACH ROW WHEN (OLD.shares_signals AND NOT NEW.shares_signals) EXECUTE FUNCTION forget_signals()
"""

# Ciphertext does not compress; EXTERNAL spares the attempt.
STORAGE = """
ALTER TABLE messages ALTER content_encrypted SET STORAGE EXTERNAL;
ALTER TABLE conversation_context ALTER context_encrypted SET STORAGE EXTERNAL;
ALTER TABLE feedback ALTER feedback_encrypted SET STORAGE EXTERNAL;
"""
STORAGE_BACK = STORAGE.replace("EXTERNAL", "EXTENDED")


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [
        migrations.RunSQL(POST_MESSAGE, "DROP FUNCTION post_message"),
        migrations.RunSQL(PAGE_OF_MESSAGES, "DROP FUNCTION page_of_messages"),
        migrations.RunSQL(FORGET_SIGNALS, "DROP FUNCTION forget_signals"),
        migrations.RunSQL(FORGET_SIGNALS_TRIGGER, "DROP TRIGGER sessions_forget_signals ON sessions"),
        migrations.RunSQL(STORAGE, STORAGE_BACK),
    ]
