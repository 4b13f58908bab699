-- A ledger as version 1 wrote it: every later version must open it and read the same.
BEGIN TRANSACTION;
CREATE TABLE experiment(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT
NULL, task TEXT NOT NULL, model_used INTEGER NOT NULL, rung INTEGER NOT NULL, strategy INTEGER NOT
NULL, source INTEGER NOT NULL, project INTEGER NOT NULL, confidence REAL, success INTEGER NOT
NULL, cost REAL, seconds REAL, quality REAL, cost_source INTEGER NOT NULL, outcome_source INTEGER
NOT NULL, pending INTEGER NOT NULL, explored INTEGER NOT NULL) STRICT;
INSERT INTO "experiment" VALUES(1,'exp_1_aaaaa',1767647361000,'t',1,2,3,4,5,0.6,1,0.25,NULL,2.0,1,1,0,0);
INSERT INTO "experiment" VALUES(2,'exp_2_bbbbb',1767647362000,'u',6,6,7,4,4,1.0,0,NULL,NULL,NULL,0,0,1,0);
CREATE TABLE name(number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO "name" VALUES(1,'sonnet');
INSERT INTO "name" VALUES(2,'haiku');
INSERT INTO "name" VALUES(3,'default');
INSERT INTO "name" VALUES(4,'');
INSERT INTO "name" VALUES(5,'p');
INSERT INTO "name" VALUES(6,'opus');
INSERT INTO "name" VALUES(7,'forced');
INSERT INTO "name" VALUES(8,'claude-haiku-5-5');
INSERT INTO "name" VALUES(9,'2026-01-05');
INSERT INTO "name" VALUES(10,'bug');
INSERT INTO "name" VALUES(11,'6');
CREATE TABLE rejected(number INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
line INTEGER NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE sums(kind INTEGER NOT NULL, key INTEGER NOT NULL, second INTEGER NOT NULL, n INTEGER
NOT NULL, accepted INTEGER NOT NULL, verified INTEGER NOT NULL, verified_accepted INTEGER NOT
NULL, stated INTEGER NOT NULL, confidence REAL NOT NULL, calibrated INTEGER NOT NULL,
calibrated_accepted INTEGER NOT NULL, calibrated_verified INTEGER NOT NULL,
calibrated_verified_accepted INTEGER NOT NULL, calibrated_confidence REAL NOT NULL, cost_n INTEGER
NOT NULL, cost_usd REAL NOT NULL, cost_squares REAL NOT NULL, cost_accepted_usd REAL NOT NULL,
measured_n INTEGER NOT NULL, measured_usd REAL NOT NULL, measured_squares REAL NOT NULL,
measured_accepted_usd REAL NOT NULL, seconds_n INTEGER NOT NULL, seconds REAL NOT NULL, quality_n
INTEGER NOT NULL, quality REAL NOT NULL, taken INTEGER NOT NULL, weight REAL NOT NULL,
weight_squares REAL NOT NULL, weight_accepted REAL NOT NULL, weight_squares_accepted REAL NOT
NULL, taken_measured INTEGER NOT NULL, weight_measured REAL NOT NULL, weight_squares_measured REAL
NOT NULL, weight_usd REAL NOT NULL, weight_squares_usd REAL NOT NULL, weight_squares_usd_squares
REAL NOT NULL, PRIMARY KEY(kind, key, second)) STRICT, WITHOUT ROWID;
INSERT INTO "sums" VALUES(0,4,4,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(1,1,4,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(2,2,8,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(3,3,4,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(4,10,4,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(6,5,4,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(7,9,4,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(8,11,4,1,0,1,0,1,0.6,1,0,1,0,0.6,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,1,2.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
INSERT INTO "sums" VALUES(9,1,8,1,0,1,0,0,0.0,0,0,0,0,0.0,1,0.25,0.0625,0.0,1,0.25,0.0625,0.0,0,0.0,0,0.0,0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0.0,0.0);
CREATE TABLE words(number INTEGER PRIMARY KEY, description TEXT NOT NULL, notes TEXT NOT NULL,
rest TEXT NOT NULL) STRICT;
INSERT INTO "words" VALUES(1,'d','n','{"schema":1,"labels":["bug"],"decided":"claude-haiku-5-5","x":1}');
INSERT INTO "words" VALUES(2,'','','{"schema":1,"labels":[]}');
CREATE INDEX experiment_at ON experiment(at_ms);
CREATE INDEX experiment_pending ON experiment(task, at_ms) WHERE pending = 1;
CREATE INDEX experiment_explored ON experiment(at_ms) WHERE explored = 1;
COMMIT;
PRAGMA application_id=1383427687;
PRAGMA user_version=1;
