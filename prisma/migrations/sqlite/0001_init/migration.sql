-- The table _migrations is made by the service before it applies the first migration.
CREATE TABLE "platforms" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "address" TEXT NOT NULL,
  "public_credentials" TEXT NOT NULL,
  "group" TEXT NOT NULL,
  "dial_only" BOOLEAN NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  "last_seen" TEXT NOT NULL,
  "created_revision" BIGINT NOT NULL,
  "proven" TEXT NOT NULL,
  "previous_keys" TEXT NOT NULL
);

CREATE TABLE "revision" (
  "id" INTEGER NOT NULL PRIMARY KEY,
  "value" BIGINT NOT NULL,
  "epoch" TEXT NOT NULL,
  "secret" TEXT NOT NULL
);

CREATE TABLE "used_challenges" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "expires_at_ms" BIGINT NOT NULL
);

CREATE UNIQUE INDEX "platforms_address_key" ON "platforms"("address");
CREATE UNIQUE INDEX "platforms_public_credentials_key" ON "platforms"("public_credentials");
CREATE UNIQUE INDEX "platforms_created_revision_key" ON "platforms"("created_revision");
CREATE INDEX "used_challenges_expires_at_ms_idx" ON "used_challenges"("expires_at_ms");
