from django.db import migrations

# A release's content is what two people looked at and a key signed. Clients hold copies of published ones, so neither
# a slip in the admin nor SQL by hand may make the same version mean two things.
GUARD = """
CREATE FUNCTION keep_release() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'releases are never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.published_at IS NOT NULL
       OR (NEW.version, NEW.bundle, NEW.bundle_digest, NEW.not_after, NEW.origin, NEW.prepared_by)
          IS DISTINCT FROM (OLD.version, OLD.bundle, OLD.bundle_digest, OLD.not_after, OLD.origin, OLD.prepared_by)
       OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
    THEN
        RAISE EXCEPTION 'releases are never changed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lexicon_releases_stay BEFORE UPDATE OR DELETE ON lexicon_releases
FOR EACH ROW EXECUTE FUNCTION keep_release();
"""
UNGUARD = "DROP TRIGGER lexicon_releases_stay ON lexicon_releases; DROP FUNCTION keep_release();"


class Migration(migrations.Migration):
    dependencies = [("safety", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
