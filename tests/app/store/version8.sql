PRAGMA application_id = 1767069005;
PRAGMA user_version = 8;
BEGIN TRANSACTION;
CREATE TABLE "attempts" (
   "id" INTEGER PRIMARY KEY,
   "run" INTEGER REFERENCES "runs"("id"),
   "question_id" TEXT NOT NULL,
   "question" INTEGER NOT NULL REFERENCES "texts"("id"),
   "context" INTEGER REFERENCES "texts"("id"),
   "strategy" TEXT NOT NULL,
   "backend" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "parent_attempt" INTEGER REFERENCES "attempts"("id"),
   "forked_at_step" INTEGER,
   "status" TEXT NOT NULL CHECK (status IN ('running', 'done', 'error')),
   "error" TEXT,
   "answer" TEXT,
   "completion" INTEGER REFERENCES "texts"("id"),
   "ending" TEXT,
   "started" REAL NOT NULL,
   "finished" REAL,
   "settings" INTEGER REFERENCES "texts"("id")
, "checks" TEXT NOT NULL DEFAULT '["equations","fidelity"]', "answer_form" TEXT NOT NULL DEFAULT 'stated');
INSERT INTO "attempts" VALUES(1,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'2',20,'answered',1.79558141483008813854e+09,1.795581414867079258e+09,2,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(2,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'2.33',27,'answered',1.79558141486765480043e+09,1.79558141488322639467e+09,22,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(3,NULL,'cot',29,30,'cot','scripted','scripted',NULL,NULL,'done',NULL,'5',32,'answered',1.79558141488371706003e+09,1.7955814148941280842e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(4,NULL,'apples',1,NULL,'history_loop','scripted','scripted',NULL,NULL,'done',NULL,'2.33',35,'answered',1.79558141489468502992e+09,1.79558141490925359719e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(5,NULL,'apples',1,NULL,'self_consistency','scripted','scripted',NULL,NULL,'done',NULL,'2',20,'answered',1.79558141490980529781e+09,1.79558141491638302805e+09,38,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(6,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'error','The scripted replies ran out after 1: add more to the list of replies.',NULL,NULL,NULL,1.79558141491677880283e+09,1.79558141492113423343e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(7,NULL,'apples',1,NULL,'isump','scripted','scripted',1,1,'done',NULL,'2.33',35,'answered',1.79558141492189717296e+09,1.79558141492478871349e+09,2,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(8,NULL,'apples',1,NULL,'isump','recurrent','rmt',NULL,NULL,'running',NULL,NULL,NULL,NULL,1.79558141492520284649e+09,NULL,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(9,NULL,'late',44,NULL,'cot','scripted','m',NULL,NULL,'running',NULL,NULL,NULL,NULL,1.79558141492636036875e+09,NULL,31,'["equations"]','number');
INSERT INTO "attempts" VALUES(10,1,'builtin-50',45,NULL,'cot','scripted','scripted',NULL,NULL,'done',NULL,'39',46,'answered',1.79558141494246935841e+09,1.79558141494566798207e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(11,1,'builtin-49',48,NULL,'cot','scripted','scripted',NULL,NULL,'done',NULL,'39',46,'answered',1.79558141494625878335e+09,1.79558141494946479801e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(12,1,'builtin-57',50,NULL,'cot','scripted','scripted',NULL,NULL,'done',NULL,'39',46,'answered',1.79558141494988203045e+09,1.79558141495236945153e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(13,2,'builtin-50',45,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'1',52,'answered',1.7955814149544138908e+09,1.79558141495694231987e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(14,2,'builtin-49',48,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'1',52,'answered',1.79558141495730757717e+09,1.79558141495974326129e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(15,2,'builtin-57',50,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'1',52,'answered',1.7955814149600470066e+09,1.79558141496255588539e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(16,1,'builtin-50',45,NULL,'cot','scripted','scripted',NULL,NULL,'error','The server is gone.',NULL,NULL,NULL,1.79558141496324539187e+09,1.79558141496344017985e+09,31,'["equations","fidelity"]','stated');
INSERT INTO "attempts" VALUES(17,1,'builtin-49',48,NULL,'cot','scripted','scripted',NULL,NULL,'running',NULL,NULL,NULL,NULL,1.79558141496370196341e+09,NULL,31,'["equations","fidelity"]','stated');
CREATE TABLE calls (
            step INTEGER NOT NULL REFERENCES steps(id), idx INTEGER NOT NULL, prompt TEXT NOT NULL,
            output INTEGER NOT NULL REFERENCES texts(id), prompt_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, finish_reason TEXT NOT NULL,
            started REAL NOT NULL, seconds REAL NOT NULL, retries TEXT NOT NULL, max_tokens INTEGER NOT NULL,
            temperature REAL NOT NULL, seed INTEGER NOT NULL, schema INTEGER REFERENCES texts(id), layout INTEGER REFERENCES texts(id), PRIMARY KEY (step, idx)
        ) WITHOUT ROWID;
INSERT INTO "calls" VALUES(1,0,'[6,7,8]',3,101,0,6,'stop',1.79558141484241342547e+09,9.8767000054067466408e-05,'[]',77,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(2,0,'[6,7,8,3,11]',12,188,101,21,'stop',1.79558141484805822369e+09,7.35190001250885e-05,'[]',144,0.0,0,NULL,10);
INSERT INTO "calls" VALUES(3,0,'[6,7,15,16]',13,146,94,8,'stop',1.79558141485061526299e+09,9.11259999156754929572e-05,'[]',77,0.0,0,NULL,14);
INSERT INTO "calls" VALUES(4,0,'[6,7,15,16,13,11]',19,235,146,23,'stop',1.79558141485884499542e+09,6.96839997544884681701e-05,'[]',144,0.0,0,NULL,18);
INSERT INTO "calls" VALUES(5,0,'[6,7,21,16]',20,148,102,3,'stop',1.795581414860865593e+09,5.51719999748456757515e-05,'[]',77,0.0,0,NULL,14);
INSERT INTO "calls" VALUES(7,0,'[6,7,8]',23,101,0,6,'stop',1.79558141487309312817e+09,2.67086999883758835494e-04,'[]',192,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(8,0,'[6,7,8,23,25]',26,184,101,17,'stop',1.79558141487605166437e+09,7.24180003999208565801e-05,'[]',144,0.0,0,NULL,10);
INSERT INTO "calls" VALUES(9,0,'[6,7,28,16]',27,141,94,3,'stop',1.79558141487801790243e+09,4.93729999107017647475e-05,'[]',192,0.0,0,NULL,14);
INSERT INTO "calls" VALUES(11,0,'[6,33,8]',32,79,0,5,'stop',1.79558141488835477832e+09,5.54019998162402771413e-05,'[]',1920,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(13,0,'[6,7,8]',23,101,0,6,'stop',1.7955814148990292549e+09,6.54880000183766242116e-05,'[]',192,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(15,0,'[6,7,36,37]',35,135,94,7,'stop',1.79558141490703558921e+09,7.46710002204054e-05,'[]',192,0.0,0,NULL,14);
INSERT INTO "calls" VALUES(17,0,'[6,7,8]',20,101,0,3,'stop',1795581414.91401,1.14089999897259986028e-04,'[]',682,0.7,0,NULL,5);
INSERT INTO "calls" VALUES(18,0,'[6,7,8]',20,101,100,3,'stop',1.79558141491405344014e+09,1.2866099996244884096e-04,'[]',682,0.7,1,NULL,5);
INSERT INTO "calls" VALUES(19,0,'[6,7,8]',20,101,100,3,'stop',1.79558141491408538824e+09,1.19538000035390723496e-04,'[]',682,0.7,2,NULL,5);
INSERT INTO "calls" VALUES(21,0,'[6,7,8]',3,101,0,6,'stop',1.79558141491795158388e+09,3.99590003326011355966e-05,'[]',192,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(22,0,'[6,7,40,16]',35,144,0,7,'stop',1.79558141492301249499e+09,4.35750002907298039644e-05,'[]',77,0.0,0,NULL,14);
INSERT INTO "calls" VALUES(26,0,'[6,47,8]',46,129,0,4,'stop',1.79558141494422364228e+09,4.53379998361924663186e-05,'[]',1920,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(28,0,'[6,49,8]',46,152,68,4,'stop',1.79558141494802904133e+09,5.52320002498163376003e-05,'[]',1920,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(30,0,'[6,51,8]',46,145,68,4,'stop',1.7955814149512751102e+09,4.79909999739902559667e-05,'[]',1920,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(32,0,'[6,47,8]',52,129,0,5,'stop',1.79558141495529413221e+09,3.63039998774183914065e-05,'[]',192,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(34,0,'[6,49,8]',52,152,68,5,'stop',1.79558141495841097831e+09,3.84869999834336340427e-05,'[]',192,0.0,0,NULL,5);
INSERT INTO "calls" VALUES(36,0,'[6,51,8]',52,145,68,5,'stop',1.79558141496117329603e+09,4.5818000216968357563e-05,'[]',192,0.0,0,NULL,5);
CREATE TABLE "finding_kinds" (
   "id" INTEGER PRIMARY KEY,
   "check" TEXT NOT NULL,
   "kind" TEXT NOT NULL
);
INSERT INTO "finding_kinds" VALUES(1,'equations','wrong');
INSERT INTO "finding_kinds" VALUES(2,'fidelity','kept');
INSERT INTO "finding_kinds" VALUES(3,'fidelity','invented');
INSERT INTO "finding_kinds" VALUES(4,'equations','unreadable');
INSERT INTO "finding_kinds" VALUES(5,'fidelity','dropped');
INSERT INTO "finding_kinds" VALUES(6,'equations','right');
CREATE TABLE findings (
            step INTEGER NOT NULL REFERENCES steps(id), idx INTEGER NOT NULL,
            kind INTEGER NOT NULL REFERENCES finding_kinds(id), text TEXT NOT NULL, detail TEXT NOT NULL,
            PRIMARY KEY (step, idx)
        ) WITHOUT ROWID
        ;
INSERT INTO "findings" VALUES(1,0,1,'12 - 5 = 8 apples left','it is 7');
INSERT INTO "findings" VALUES(2,0,2,'12','');
INSERT INTO "findings" VALUES(2,1,2,'5','');
INSERT INTO "findings" VALUES(2,2,2,'8','');
INSERT INTO "findings" VALUES(2,3,3,'99','');
INSERT INTO "findings" VALUES(3,0,1,'8 / 3 = 2 apples','it is 2.66667');
INSERT INTO "findings" VALUES(3,1,4,'and x + 1 = 3','');
INSERT INTO "findings" VALUES(4,0,2,'8','');
INSERT INTO "findings" VALUES(4,1,2,'2','');
INSERT INTO "findings" VALUES(4,2,5,'99','');
INSERT INTO "findings" VALUES(4,3,5,'1','');
INSERT INTO "findings" VALUES(7,0,6,'12 - 5 = 7 apples left','');
INSERT INTO "findings" VALUES(8,0,2,'7','');
INSERT INTO "findings" VALUES(11,0,6,'2 + 3 = 5','');
INSERT INTO "findings" VALUES(13,0,6,'12 - 5 = 7 apples left','');
INSERT INTO "findings" VALUES(14,0,2,'12','');
INSERT INTO "findings" VALUES(14,1,2,'5','');
INSERT INTO "findings" VALUES(14,2,2,'7','');
INSERT INTO "findings" VALUES(15,0,6,'7 / 3 = 2.33','');
INSERT INTO "findings" VALUES(21,0,1,'12 - 5 = 8 apples left','it is 7');
INSERT INTO "findings" VALUES(22,0,6,'7 / 3 = 2.33','');
INSERT INTO "findings" VALUES(32,0,1,'1 + 1 = 3','it is 2');
INSERT INTO "findings" VALUES(34,0,1,'1 + 1 = 3','it is 2');
INSERT INTO "findings" VALUES(36,0,1,'1 + 1 = 3','it is 2');
CREATE TABLE "memories" (
   "id" INTEGER PRIMARY KEY,
   "sha256" BLOB NOT NULL,
   "kind" TEXT NOT NULL,
   "text" INTEGER NOT NULL REFERENCES "texts"("id"),
   "data" BLOB
);
INSERT INTO "memories" VALUES(1,X'5FD122E0CD4C390861ECDD6C3BF4AA9C','text',4,NULL);
INSERT INTO "memories" VALUES(2,X'C0CD6F35AF1C7ECF27268BE0AFDEC5C1','text',9,NULL);
INSERT INTO "memories" VALUES(3,X'3D001D6BBCEA933F700F3AC9CED179B6','text',17,NULL);
INSERT INTO "memories" VALUES(4,X'84657B21AB558B22E4372043AE21101C','text',24,NULL);
INSERT INTO "memories" VALUES(5,X'51CAEFF01A24E1C076765A3C0DDF7644','text',34,NULL);
INSERT INTO "memories" VALUES(6,X'FF135675A1551110B463F05272C246B7','text',39,NULL);
INSERT INTO "memories" VALUES(7,X'47FD8C71FE8598D56EA6DF9A346C347D','vector',41,NULL);
INSERT INTO "memories" VALUES(8,X'EA7CC0B5EF83BDE0DCBAE3EE63C6038B','vector',42,X'74656E736F72206F6E65');
INSERT INTO "memories" VALUES(9,X'1127E187CE9FB635703942587174E641','vector',43,X'0074656E736F722074776F');
CREATE TABLE "runs" (
   "id" INTEGER PRIMARY KEY,
   "questions" TEXT NOT NULL,
   "task_version" TEXT NOT NULL,
   "strategy" TEXT NOT NULL,
   "backend" TEXT NOT NULL,
   "model" TEXT NOT NULL,
   "settings" TEXT NOT NULL,
   "source" TEXT NOT NULL,
   "n" INTEGER NOT NULL,
   "program" TEXT NOT NULL,
   "started" REAL NOT NULL
, "task" TEXT NOT NULL DEFAULT 'gsm8k', "primary_scorer" TEXT NOT NULL DEFAULT 'numeric', "checks" TEXT NOT NULL DEFAULT '["equations","fidelity"]');
INSERT INTO "runs" VALUES(1,'gsm8k-builtin','1','cot','scripted','scripted','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}','{"limit":3,"offset":0,"sample_seed":0,"source":"builtin","data":null,"split":"test"}',3,'0.1.0',1.79558141492978978149e+09,'gsm8k','numeric','["equations","fidelity"]');
INSERT INTO "runs" VALUES(2,'gsm8k-builtin','1','isump','scripted','scripted','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}','{"limit":3,"offset":0,"sample_seed":0,"source":"builtin","data":null,"split":"test"}',3,'0.1.0',1.79558141495312380787e+09,'gsm8k','numeric','["equations","fidelity"]');
CREATE TABLE scores (
            attempt INTEGER NOT NULL REFERENCES attempts(id), scorer TEXT NOT NULL, value REAL,
            extracted TEXT, why TEXT NOT NULL, PRIMARY KEY (attempt, scorer)
        ) WITHOUT ROWID;
INSERT INTO "scores" VALUES(10,'flexible-extract',1.0,'39','match');
INSERT INTO "scores" VALUES(10,'numeric',1.0,'39','match');
INSERT INTO "scores" VALUES(10,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(11,'flexible-extract',0.0,'39','expected 59280');
INSERT INTO "scores" VALUES(11,'numeric',0.0,'39','expected 59280');
INSERT INTO "scores" VALUES(11,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(12,'flexible-extract',0.0,'39','expected 68.10');
INSERT INTO "scores" VALUES(12,'numeric',0.0,'39','expected 68.10');
INSERT INTO "scores" VALUES(12,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(13,'flexible-extract',0.0,'1','expected 39');
INSERT INTO "scores" VALUES(13,'numeric',0.0,'1','expected 39');
INSERT INTO "scores" VALUES(13,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(14,'flexible-extract',0.0,'1','expected 59280');
INSERT INTO "scores" VALUES(14,'numeric',0.0,'1','expected 59280');
INSERT INTO "scores" VALUES(14,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(15,'flexible-extract',0.0,'1','expected 68.10');
INSERT INTO "scores" VALUES(15,'numeric',0.0,'1','expected 68.10');
INSERT INTO "scores" VALUES(15,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
CREATE TABLE "steps" (
   "id" INTEGER PRIMARY KEY,
   "attempt" INTEGER NOT NULL REFERENCES "attempts"("id"),
   "idx" INTEGER NOT NULL,
   "verb" TEXT NOT NULL,
   "round" INTEGER NOT NULL,
   "thought" INTEGER REFERENCES "texts"("id"),
   "answer" TEXT,
   "marks" TEXT NOT NULL,
   "ending" TEXT,
   "memory_before" INTEGER REFERENCES "memories"("id"),
   "memory_after" INTEGER REFERENCES "memories"("id"),
   UNIQUE ("attempt", "idx")
);
INSERT INTO "steps" VALUES(1,1,0,'step',1,3,NULL,'[]',NULL,1,1);
INSERT INTO "steps" VALUES(2,1,1,'summarize',1,NULL,NULL,'[]',NULL,1,2);
INSERT INTO "steps" VALUES(3,1,2,'step',2,13,NULL,'[]',NULL,2,2);
INSERT INTO "steps" VALUES(4,1,3,'summarize',2,NULL,NULL,'[]',NULL,2,3);
INSERT INTO "steps" VALUES(5,1,4,'step',3,20,'2','[]',NULL,3,3);
INSERT INTO "steps" VALUES(6,1,5,'conclude',3,20,'2','[]','answered',3,3);
INSERT INTO "steps" VALUES(7,2,0,'step',1,23,NULL,'[]',NULL,1,1);
INSERT INTO "steps" VALUES(8,2,1,'summarize',1,NULL,NULL,'[]',NULL,1,4);
INSERT INTO "steps" VALUES(9,2,2,'step',2,27,'2.33','[]',NULL,4,4);
INSERT INTO "steps" VALUES(10,2,3,'conclude',2,27,'2.33','[]','answered',4,4);
INSERT INTO "steps" VALUES(11,3,0,'step',1,32,'5','[]',NULL,1,1);
INSERT INTO "steps" VALUES(12,3,1,'conclude',1,32,'5','[]','answered',1,1);
INSERT INTO "steps" VALUES(13,4,0,'step',1,23,NULL,'[]',NULL,1,1);
INSERT INTO "steps" VALUES(14,4,1,'summarize',1,NULL,NULL,'[]',NULL,1,5);
INSERT INTO "steps" VALUES(15,4,2,'step',2,35,'2.33','[]',NULL,5,5);
INSERT INTO "steps" VALUES(16,4,3,'conclude',2,35,'2.33','[]','answered',5,5);
INSERT INTO "steps" VALUES(17,5,0,'step',1,20,'2','[]',NULL,1,1);
INSERT INTO "steps" VALUES(18,5,1,'step',2,20,'2','[]',NULL,1,1);
INSERT INTO "steps" VALUES(19,5,2,'step',3,20,'2','[]',NULL,1,1);
INSERT INTO "steps" VALUES(20,5,3,'conclude',3,20,'2','["chain 1 of 3: 2","chain 2 of 3: 2","chain 3 of 3: 2"]','answered',1,1);
INSERT INTO "steps" VALUES(21,6,0,'step',1,3,NULL,'[]',NULL,1,1);
INSERT INTO "steps" VALUES(22,7,0,'step',3,35,'2.33','[]',NULL,6,6);
INSERT INTO "steps" VALUES(23,7,1,'conclude',3,35,'2.33','[]','answered',6,6);
INSERT INTO "steps" VALUES(24,8,0,'read',0,NULL,NULL,'["segment 1"]',NULL,7,8);
INSERT INTO "steps" VALUES(25,8,1,'summarize',1,NULL,NULL,'[]',NULL,8,9);
INSERT INTO "steps" VALUES(26,10,0,'step',1,46,'39','[]',NULL,1,1);
INSERT INTO "steps" VALUES(27,10,1,'conclude',1,46,'39','[]','answered',1,1);
INSERT INTO "steps" VALUES(28,11,0,'step',1,46,'39','[]',NULL,1,1);
INSERT INTO "steps" VALUES(29,11,1,'conclude',1,46,'39','[]','answered',1,1);
INSERT INTO "steps" VALUES(30,12,0,'step',1,46,'39','[]',NULL,1,1);
INSERT INTO "steps" VALUES(31,12,1,'conclude',1,46,'39','[]','answered',1,1);
INSERT INTO "steps" VALUES(32,13,0,'step',1,52,'1','[]',NULL,1,1);
INSERT INTO "steps" VALUES(33,13,1,'conclude',1,52,'1','[]','answered',1,1);
INSERT INTO "steps" VALUES(34,14,0,'step',1,52,'1','[]',NULL,1,1);
INSERT INTO "steps" VALUES(35,14,1,'conclude',1,52,'1','[]','answered',1,1);
INSERT INTO "steps" VALUES(36,15,0,'step',1,52,'1','[]',NULL,1,1);
INSERT INTO "steps" VALUES(37,15,1,'conclude',1,52,'1','[]','answered',1,1);
CREATE TABLE texts (
            id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, text TEXT NOT NULL
        );
INSERT INTO "texts" VALUES(1,X'FC88F8B657222A9F34B60914C19F1F0F','Ann has 12 apples and gives 5 away. Then she shares the rest among 3 walnut boxes. How many are in each?');
INSERT INTO "texts" VALUES(2,X'796B9B78125F3D827AB9E7810F7F3309','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":77,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(3,X'43C8C4CCA6E74A3846169A50B3853E60','12 - 5 = 8 apples left.');
INSERT INTO "texts" VALUES(4,X'1D47B4347DE7CA46F13B986364CD7D34','{"known": [], "next": []}');
INSERT INTO "texts" VALUES(5,X'8C2F6F9FA6963E692C644DE67BD03A4E','[["system",["system"]],["user",["question","instruction"]]]');
INSERT INTO "texts" VALUES(6,X'C50E735168B7ABAC47F470B878DDBF63','You are a careful assistant that solves problems in short plain sentences, without LaTeX, code or headings. You write one short sentence for each step, with its calculation in it. When the final number is known, you end with a line ''Answer: N''.');
INSERT INTO "texts" VALUES(7,X'C8B3C181CAF35458676AB92A2372202F','Question: Ann has 12 apples and gives 5 away. Then she shares the rest among 3 walnut boxes. How many are in each?');
INSERT INTO "texts" VALUES(8,X'C93F8475E1D8436774C22375C04C67BE','Let''s think step by step.');
INSERT INTO "texts" VALUES(9,X'9E5D7B32DABCFD35033DE6E1AD6BB6B9','{"known": ["apples left = 12 - 5 = 8", "pears = 99"], "next": ["share them"]}');
INSERT INTO "texts" VALUES(10,X'9F8B4EDE0A0E761A3E822D70CF82B6C4','[["system",["system"]],["user",["question","instruction"]],["assistant",["thought"]],["user",["instruction"]]]');
INSERT INTO "texts" VALUES(11,X'194AF098B4AE0425CD5889F585623D86','Stop here. First a line ''Known:'', then for each calculation finished so far, earlier or just now, one line: the name of what it gives, the calculation and its number. Leave out plain facts of the question and calculate nothing new. Then a line ''Next:'', then what is still to be worked out, in words only.');
INSERT INTO "texts" VALUES(12,X'8CBB2418D2C169D453079FE148137872','What we know:
- apples left = 12 - 5 = 8
- pears = 99
What to do next:
- share them');
INSERT INTO "texts" VALUES(13,X'89037CC655CDAA426A12F44037A1F12D','8 / 3 = 2 apples, and x + 1 = 3.');
INSERT INTO "texts" VALUES(14,X'0B1AB1E8D15C9BB4B8D87C7B53BA958D','[["system",["system"]],["user",["question","memory","instruction"]]]');
INSERT INTO "texts" VALUES(15,X'FC3BCEDF68557349B459930EDDEBA952','Solution so far:
- apples left = 12 - 5 = 8
- pears = 99

Next:
- share them');
INSERT INTO "texts" VALUES(16,X'F8FCF4ED93435AD2218A0E8A0951D851','Let''s think step by step. Go on from where this solution stops, through to the end. Use its numbers; do not repeat its steps.');
INSERT INTO "texts" VALUES(17,X'001493EEB42CBCFFF58E68311924EA87','{"known": ["apples left = 8", "apples in each box = 2"], "next": ["tell the answer"]}');
INSERT INTO "texts" VALUES(18,X'3041D742B7C4D041CC4D57E04ACEBAB3','[["system",["system"]],["user",["question","memory","instruction"]],["assistant",["thought"]],["user",["instruction"]]]');
INSERT INTO "texts" VALUES(19,X'873EC53211106C2EAB54D749FE94AB49','What we know:
- apples left = 8
- apples in each box = 2
What to do next:
- tell the answer');
INSERT INTO "texts" VALUES(20,X'9EFF27922B4473677D7CD8A21993CAB3','Answer: 2');
INSERT INTO "texts" VALUES(21,X'B7FC38F29434108A945A7A0EAD8A373E','Solution so far:
- apples left = 8
- apples in each box = 2

Next:
- tell the answer');
INSERT INTO "texts" VALUES(22,X'93B1BA3A25BCF65562490E4208515B9B','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"json","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(23,X'06A7CF30200352DF9A192704A8526272','12 - 5 = 7 apples left.');
INSERT INTO "texts" VALUES(24,X'A96BD2AF4297714B1288F169CED28022','{"known": ["apples left = 7"], "next": ["share “them”"]}');
INSERT INTO "texts" VALUES(25,X'F3836EC2B85D3FBC6FF0D4D0C863554D','Stop here. Write notes, as JSON, that will replace the work above. known: for each calculation finished so far, earlier or just now, the name of what it gives, the calculation and its number; no plain facts of the question, nothing new. next: what is still to be worked out, in words only.');
INSERT INTO "texts" VALUES(26,X'FDDCA05EEABA5CDE0104341D00BF658E','{"known": ["apples left = 7"], "next": ["share \u201cthem\u201d"]}');
INSERT INTO "texts" VALUES(27,X'817BD1C17FA100DBE5D8D58003E1B74F','Answer: 2.33');
INSERT INTO "texts" VALUES(28,X'DD0F01AC0394F7C20278E2AE2BC85F16','Solution so far:
- apples left = 7

Next:
- share “them”');
INSERT INTO "texts" VALUES(29,X'1EA26256EBAE2E04E59EC5EF3C1DBB71','What is 2 + 3?');
INSERT INTO "texts" VALUES(30,X'AC9F63F37F04BB8BC8754CA7875F7569','A long text about nothing.');
INSERT INTO "texts" VALUES(31,X'08B6D09FF87DEBA65E8DFCDFCCDD98D5','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(32,X'18283976DEF94A8DC106E2B3A30EF1C1','2 + 3 = 5.
Answer: 5');
INSERT INTO "texts" VALUES(33,X'6507D0EA2EEEE8ED3FAE7FD3B452D1BE','Question: What is 2 + 3?');
INSERT INTO "texts" VALUES(34,X'8E430C8B88D08F905E06B34CF0B58DB0','{"known": ["12 - 5 = 7 apples left."], "next": [""]}');
INSERT INTO "texts" VALUES(35,X'E4CFBE3AD7B7B4FFA10A523DCB55D79F','7 / 3 = 2.33.
Answer: 2.33');
INSERT INTO "texts" VALUES(36,X'96D8AF62C1938DE932480F0996293E09','Work so far:
12 - 5 = 7 apples left.');
INSERT INTO "texts" VALUES(37,X'AFF68C06B101515B2B0863B14500C6FE','Let''s think step by step. Go on from where this work stops, through to the end. Use its numbers; do not repeat its steps.');
INSERT INTO "texts" VALUES(38,X'A7F78F8336E3F529BE198D698D963668','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.7,"seed":0,"recheck":false,"samples":3,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(39,X'68F6A04BF9D8153BCD73405C62D2940F','{"known": ["apples left = 7"], "next": ["share them among the boxes"]}');
INSERT INTO "texts" VALUES(40,X'981356B3C9F2739BB2D3F9CE5E4732EE','Solution so far:
- apples left = 7

Next:
- share them among the boxes');
INSERT INTO "texts" VALUES(41,X'0AF217421B854D8AFC58D8DBBDC689D0','{"shape": [], "norm": 0.0}');
INSERT INTO "texts" VALUES(42,X'DB2689C6BEF1BBF8168D0D2489548EF9','{"shape": [1, 4, 8], "norm": 2.5}');
INSERT INTO "texts" VALUES(43,X'9A45982F5AE66F129C16DC9E88E9FBC7','{"shape": [1, 4, 8], "norm": 3.25}');
INSERT INTO "texts" VALUES(44,X'6BEE68883B1CBC8697A0E28451A7F896','Who is late?');
INSERT INTO "texts" VALUES(45,X'35A029E63A8DE38B48EF4796DA65B5A7','Abena sews a quilt with 8 rows of 10 squares. Of all the squares 15% are blue. Of the squares that are not blue a quarter are red, and all the rest are white. How many more white squares than blue squares are there?');
INSERT INTO "texts" VALUES(46,X'6DE068ECB47BD1FA0A03D5D6DB7226CA','39.
Answer: 39');
INSERT INTO "texts" VALUES(47,X'D58D70B2BCA2F37E01E2E8A95A728934','Question: Abena sews a quilt with 8 rows of 10 squares. Of all the squares 15% are blue. Of the squares that are not blue a quarter are red, and all the rest are white. How many more white squares than blue squares are there?');
INSERT INTO "texts" VALUES(48,X'33A37F9684F477938AAABFF804368378','Ylva farms three fields. The first has 12 hectares, the second has 5 hectares more than the first, and the third is as large as the first two together. This year 10 hectares lie empty, and every other hectare gives 6.5 tons of barley. She sells the barley for 190 euros a ton. How many euros does she get?');
INSERT INTO "texts" VALUES(49,X'D36E39F75D49EEBCF082888D979877AF','Question: Ylva farms three fields. The first has 12 hectares, the second has 5 hectares more than the first, and the third is as large as the first two together. This year 10 hectares lie empty, and every other hectare gives 6.5 tons of barley. She sells the barley for 190 euros a ton. How many euros does she get?');
INSERT INTO "texts" VALUES(50,X'2E41FA05672A4FF75E06487A89AC223D','Tuan has a rectangular plot 20 meters long and 15 meters wide. On it he digs 2 vegetable beds, each 6 meters by 4 meters, and a square pond with sides of 5 meters. On all the rest he sows grass. Grass seed costs $0.30 per square meter. How many dollars does the grass seed cost?');
INSERT INTO "texts" VALUES(51,X'CCAC512A781E6DFFDF9413AB6393E0D1','Question: Tuan has a rectangular plot 20 meters long and 15 meters wide. On it he digs 2 vegetable beds, each 6 meters by 4 meters, and a square pond with sides of 5 meters. On all the rest he sows grass. Grass seed costs $0.30 per square meter. How many dollars does the grass seed cost?');
INSERT INTO "texts" VALUES(52,X'0A494AF317CADED659E6B8696861B1E5','1 + 1 = 3.
Answer: 1');
CREATE VIRTUAL TABLE texts_fts USING fts5(text, content='texts', content_rowid='id', tokenize='porter');
INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE id IN (1, 3, 4, 9, 13, 17, 20, 23, 24, 27, 29, 32, 34, 35, 39, 41, 42, 43, 44, 45, 46, 48, 50, 52);
CREATE UNIQUE INDEX attempts_done_once ON attempts(run, question_id) WHERE status = 'done' AND parent_attempt IS NULL AND run IS NOT NULL;
CREATE INDEX attempts_question ON attempts(question);
CREATE INDEX attempts_run ON attempts(run, question_id);
CREATE UNIQUE INDEX "finding_kinds_named"
    ON "finding_kinds" ("check", "kind");
CREATE INDEX "findings_kind"
    ON "findings" ("kind");
CREATE UNIQUE INDEX "memories_sha256"
    ON "memories" ("sha256");
CREATE INDEX "memories_text"
    ON "memories" ("text");
CREATE INDEX "steps_memory_after"
    ON "steps" ("memory_after");
CREATE INDEX steps_thought ON steps(thought);
CREATE TRIGGER attempts_searched AFTER INSERT ON attempts BEGIN INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE NOT EXISTS (SELECT 1 FROM texts_fts_docsize WHERE texts_fts_docsize.id = texts.id) AND id = new.question; END;
CREATE TRIGGER memories_searched AFTER INSERT ON memories BEGIN INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE NOT EXISTS (SELECT 1 FROM texts_fts_docsize WHERE texts_fts_docsize.id = texts.id) AND id = new.text; END;
CREATE TRIGGER steps_searched AFTER INSERT ON steps BEGIN INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE NOT EXISTS (SELECT 1 FROM texts_fts_docsize WHERE texts_fts_docsize.id = texts.id) AND id = new.thought; END;
CREATE VIEW "attempt_costs" AS 
        SELECT attempts.id AS attempt, attempts.run,
            coalesce(max(prompt_tokens + completion_tokens), 0) AS peak_context,
            coalesce(sum(completion_tokens), 0) AS generated, coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
            coalesce(sum(cached_tokens), 0) AS cached_tokens,
            coalesce(sum(completion_tokens * prompt_tokens + completion_tokens * (completion_tokens + 1) / 2), 0)
                AS attention_area,
            count(calls.step) AS calls, count(DISTINCT steps.id) AS steps,
            coalesce(attempts.finished - attempts.started, 0) AS seconds
        FROM attempts LEFT JOIN steps ON steps.attempt = attempts.id LEFT JOIN calls ON calls.step = steps.id
        GROUP BY attempts.id, attempts.run;
CREATE VIEW "items" AS 
        SELECT run, question_id, max(id) AS attempt FROM attempts
        WHERE run IS NOT NULL AND parent_attempt IS NULL GROUP BY run, question_id;
CREATE VIEW "judgements" AS 
        SELECT scores.attempt, scores.scorer, scores.value
        FROM scores JOIN attempts ON attempts.id = scores.attempt LEFT JOIN runs ON runs.id = attempts.run
        WHERE scores.scorer = coalesce(
            primary_scorer, (SELECT min(others.scorer) FROM scores AS others WHERE others.attempt = scores.attempt)
        );
COMMIT;
