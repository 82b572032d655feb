PRAGMA application_id = 1767069005;
PRAGMA user_version = 7;
BEGIN TRANSACTION;
CREATE TABLE attempts (
            id INTEGER PRIMARY KEY, run INTEGER REFERENCES runs(id), question_id TEXT NOT NULL,
            question INTEGER NOT NULL REFERENCES texts(id), context INTEGER REFERENCES texts(id),
            strategy TEXT NOT NULL, backend TEXT NOT NULL, model TEXT NOT NULL, parent_attempt INTEGER REFERENCES attempts(id), forked_at_step INTEGER,
            status TEXT NOT NULL CHECK (status IN ('running', 'done', 'error')), error TEXT,
            answer TEXT, completion INTEGER REFERENCES texts(id), ending TEXT,
            started REAL NOT NULL, finished REAL
        , dials INTEGER REFERENCES texts(id));
INSERT INTO "attempts" VALUES(1,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'2',16,'answered',1.79527677040058684346e+09,1.79527677042065048214e+09,2);
INSERT INTO "attempts" VALUES(2,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'2.33',24,'answered',1.79527677042128872876e+09,1.79527677043291640284e+09,18);
INSERT INTO "attempts" VALUES(3,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'Hm again',29,'no progress',1.79527677043326854703e+09,1.79527677043752980235e+09,26);
INSERT INTO "attempts" VALUES(4,NULL,'cot',31,32,'cot','scripted','scripted',NULL,NULL,'done',NULL,'5',34,'answered',1.79527677044416284564e+09,1.79527677044760560981e+09,33);
INSERT INTO "attempts" VALUES(5,NULL,'apples',1,NULL,'history_loop','scripted','scripted',NULL,NULL,'done',NULL,'2.33',24,'answered',1.79527677045012116433e+09,1.79527677046643257142e+09,33);
INSERT INTO "attempts" VALUES(6,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'2.33',24,'answered',1.79527677046684670447e+09,1.79527677047744202614e+09,40);
INSERT INTO "attempts" VALUES(7,NULL,'apples',1,NULL,'direct','scripted','scripted',NULL,NULL,'done',NULL,'2',16,'answered',1795276770.47889,1.79527677048078918454e+09,33);
INSERT INTO "attempts" VALUES(8,NULL,'apples',1,NULL,'self_consistency','scripted','scripted',NULL,NULL,'done',NULL,'2',16,'answered',1.79527677048840570445e+09,1.79527677049347949029e+09,49);
INSERT INTO "attempts" VALUES(9,NULL,'apples',1,NULL,'isump','scripted','scripted',NULL,NULL,'error','The scripted replies ran out after 1: add more to the list of replies.',NULL,NULL,NULL,1.79527677049381375316e+09,1.7952767705005106926e+09,33);
INSERT INTO "attempts" VALUES(10,NULL,'apples',1,NULL,'isump','scripted','scripted',1,1,'done',NULL,'2.33',24,'answered',1.79527677050166702271e+09,1.79527677050635957713e+09,2);
INSERT INTO "attempts" VALUES(11,NULL,'apples',1,NULL,'isump','recurrent','rmt',NULL,NULL,'running',NULL,NULL,NULL,NULL,1.79527677051075768466e+09,NULL,33);
INSERT INTO "attempts" VALUES(12,NULL,'late',54,NULL,'cot','scripted','m',NULL,NULL,'running',NULL,NULL,NULL,NULL,1.79527677051155686374e+09,NULL,33);
INSERT INTO "attempts" VALUES(13,1,'builtin-50',55,NULL,'cot','scripted','scripted',NULL,NULL,'done',NULL,'39',56,'answered',1.79527677052475857734e+09,1.79527677052796506883e+09,33);
INSERT INTO "attempts" VALUES(14,1,'builtin-49',58,NULL,'cot','scripted','scripted',NULL,NULL,'done',NULL,'59280',59,'answered',1.79527677052866148953e+09,1.79527677053618407252e+09,33);
INSERT INTO "attempts" VALUES(15,1,'builtin-57',61,NULL,'cot','scripted','scripted',NULL,NULL,'done',NULL,'68.10',62,'answered',1.79527677053676819798e+09,1.79527677053965139392e+09,33);
INSERT INTO "attempts" VALUES(16,2,'builtin-50',55,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'39',56,'answered',1.79527677054756689073e+09,1795276770.55083,33);
INSERT INTO "attempts" VALUES(17,2,'builtin-49',58,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'1',64,'answered',1.79527677055144047743e+09,1.79527677055683898923e+09,33);
INSERT INTO "attempts" VALUES(18,2,'builtin-57',61,NULL,'isump','scripted','scripted',NULL,NULL,'error','The server is gone.',NULL,NULL,NULL,1.79527677055742740635e+09,1.79527677055852222438e+09,33);
INSERT INTO "attempts" VALUES(19,2,'builtin-57',61,NULL,'isump','scripted','scripted',NULL,NULL,'done',NULL,'68.10',62,'answered',1.79527677057589530942e+09,1.79527677058463644987e+09,33);
CREATE TABLE calls (
            step INTEGER NOT NULL REFERENCES steps(id), idx INTEGER NOT NULL, prompt TEXT NOT NULL,
            output INTEGER NOT NULL REFERENCES texts(id), prompt_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, finish_reason TEXT NOT NULL,
            started REAL NOT NULL, seconds REAL NOT NULL, retries TEXT NOT NULL, max_tokens INTEGER NOT NULL,
            temperature REAL NOT NULL, seed INTEGER NOT NULL, schema INTEGER REFERENCES texts(id), PRIMARY KEY (step, idx)
        ) WITHOUT ROWID;
INSERT INTO "calls" VALUES(1,0,'[["system", [5]], ["user", [6, 7]]]',3,101,0,8,'stop',1.79527677040460491176e+09,8.04989999778627e-05,'[]',77,0.0,0,NULL);
INSERT INTO "calls" VALUES(2,0,'[["system", [5]], ["user", [6, 7]], ["assistant", [3]], ["user", [9]]]',10,190,101,17,'stop',1.79527677040765476232e+09,7.20570001249143388122e-05,'[]',144,0.0,0,NULL);
INSERT INTO "calls" VALUES(3,0,'[["system", [5]], ["user", [6, 12, 13]]]',11,146,94,12,'stop',1.79527677040957188607e+09,6.25029997536330483853e-05,'[]',77,0.0,0,NULL);
INSERT INTO "calls" VALUES(4,0,'[["system", [5]], ["user", [6, 12, 13]], ["assistant", [11]], ["user", [9]]]',15,239,146,19,'stop',1.79527677041671919824e+09,6.72500000291620381176e-05,'[]',144,0.0,0,NULL);
INSERT INTO "calls" VALUES(5,0,'[["system", [5]], ["user", [6, 17, 13]]]',16,148,102,3,'stop',1.79527677041863608364e+09,6.4344999827881110832e-05,'[]',77,0.0,0,NULL);
INSERT INTO "calls" VALUES(7,0,'[["system", [5]], ["user", [6, 7]]]',19,101,0,8,'stop',1.79527677042228889464e+09,4.85519999529060442e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(8,0,'[["system", [5]], ["user", [6, 7]], ["assistant", [19]], ["user", [21]]]',22,186,101,17,'stop',1.79527677042431640626e+09,5.72449998799129389226e-05,'[]',144,0.0,0,23);
INSERT INTO "calls" VALUES(9,0,'[["system", [5]], ["user", [6, 25, 13]]]',24,141,94,7,'stop',1.79527677042607355113e+09,7.90869999036658555269e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(11,0,'[["system", [5]], ["user", [6, 7]]]',27,101,0,1,'stop',1.79527677043425631518e+09,4.33449999945878516882e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(12,0,'[["system", [5]], ["user", [6, 7]], ["assistant", [27]], ["user", [9]]]',28,183,101,0,'stop',1.79527677043540883064e+09,5.12960000378370750695e-05,'[]',144,0.0,0,NULL);
INSERT INTO "calls" VALUES(12,1,'[["system", [5]], ["user", [6, 7]], ["assistant", [27]], ["user", [9]]]',28,183,182,0,'stop',1.79527677043547749524e+09,2.49070003519591409713e-05,'[]',144,0.7,1,NULL);
INSERT INTO "calls" VALUES(13,0,'[["system", [5]], ["user", [6, 30]]]',29,117,94,3,'stop',1.79527677043677163126e+09,7.98679998297302518039e-05,'[]',128,0.0,0,NULL);
INSERT INTO "calls" VALUES(14,0,'[["system", [5]], ["user", [35, 7]]]',34,79,0,5,'stop',1.79527677044592905044e+09,5.89569999647210352122e-05,'[]',1920,0.0,0,NULL);
INSERT INTO "calls" VALUES(16,0,'[["system", [5]], ["user", [6, 7]]]',36,101,0,4,'stop',1.79527677045623683923e+09,6.39550003143085632473e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(18,0,'[["system", [5]], ["user", [6, 38, 39]]]',24,133,94,7,'stop',1.79527677046460509306e+09,6.42449999759264755994e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(20,0,'[["system", [5]], ["user", [6, 42]]]',43,176,0,16,'stop',1.79527677046799016002e+09,1.10934000076667871326e-04,'[]',336,0.0,0,NULL);
INSERT INTO "calls" VALUES(22,0,'[["system", [5]], ["user", [6, 45, 46]]]',24,195,94,7,'stop',1.79527677047508335116e+09,9.57120000748545862734e-05,'[]',336,0.0,0,NULL);
INSERT INTO "calls" VALUES(24,0,'[["system", [47]], ["user", [6, 48]]]',16,58,0,3,'stop',1.79527677048013496394e+09,5.32779999957711e-05,'[]',128,0.0,0,NULL);
INSERT INTO "calls" VALUES(25,0,'[["system", [5]], ["user", [6, 7]]]',16,101,0,3,'stop',1.7952767704907457828e+09,1.55270000050222733989e-04,'[]',682,0.7,0,NULL);
INSERT INTO "calls" VALUES(26,0,'[["system", [5]], ["user", [6, 7]]]',50,101,100,3,'stop',1.79527677049081182481e+09,1.55100000029051443561e-04,'[]',682,0.7,1,NULL);
INSERT INTO "calls" VALUES(27,0,'[["system", [5]], ["user", [6, 7]]]',16,101,100,3,'stop',1.79527677049083948142e+09,1.50963999658415559679e-04,'[]',682,0.7,2,NULL);
INSERT INTO "calls" VALUES(29,0,'[["system", [5]], ["user", [6, 7]]]',41,101,0,3,'stop',1.79527677049885439871e+09,7.2597999860590789467e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(30,0,'[["system", [5]], ["user", [6, 52, 13]]]',24,144,0,7,'stop',1.79527677050413131711e+09,1.22050999834755202755e-04,'[]',77,0.0,0,NULL);
INSERT INTO "calls" VALUES(34,0,'[["system", [5]], ["user", [57, 7]]]',56,129,0,6,'stop',1.79527677052634382251e+09,8.19920001049467828124e-05,'[]',1920,0.0,0,NULL);
INSERT INTO "calls" VALUES(36,0,'[["system", [5]], ["user", [60, 7]]]',59,152,68,7,'stop',1795276770.52966,7.20870002623996697366e-05,'[]',1920,0.0,0,NULL);
INSERT INTO "calls" VALUES(38,0,'[["system", [5]], ["user", [63, 7]]]',62,145,68,7,'stop',1.79527677053797936443e+09,7.12750002094253432005e-05,'[]',1920,0.0,0,NULL);
INSERT INTO "calls" VALUES(40,0,'[["system", [5]], ["user", [57, 7]]]',56,129,0,6,'stop',1.79527677054896450041e+09,7.4210000093444250524e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(42,0,'[["system", [5]], ["user", [60, 7]]]',64,152,68,5,'stop',1.79527677055232834811e+09,5.55219999114342499524e-05,'[]',192,0.0,0,NULL);
INSERT INTO "calls" VALUES(44,0,'[["system", [5]], ["user", [63, 7]]]',62,145,0,7,'stop',1.79527677057729721072e+09,5.58729998374474234879e-05,'[]',192,0.0,0,NULL);
CREATE TABLE memories (
            id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, safetensors BLOB NOT NULL,
            shape TEXT NOT NULL, norm REAL NOT NULL
        );
INSERT INTO "memories" VALUES(1,X'DF597609CE22DC1190B3DE4FF3140DA8',X'74656E736F72206F6E65','[1, 4, 8]',2.5);
INSERT INTO "memories" VALUES(2,X'9D821134683CB8593FEDEC779DCF6773',X'0074656E736F722074776F','[1, 4, 8]',3.25);
CREATE TABLE runs (
            id INTEGER PRIMARY KEY, task TEXT NOT NULL, task_version TEXT NOT NULL, strategy TEXT NOT NULL,
            backend TEXT NOT NULL, model TEXT NOT NULL, dials TEXT NOT NULL, source TEXT NOT NULL,
            n INTEGER NOT NULL, program TEXT NOT NULL, started REAL NOT NULL
        );
INSERT INTO "runs" VALUES(1,'gsm8k-builtin','1','cot','scripted','scripted','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}','{"source": "builtin", "data": null, "split": "test", "limit": 3, "seed": 0, "offset": 0}',3,'0.1.0',1.79527677051432967185e+09);
INSERT INTO "runs" VALUES(2,'gsm8k-builtin','1','isump','scripted','scripted','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}','{"source": "builtin", "data": null, "split": "test", "limit": 3, "seed": 0, "offset": 0}',3,'0.1.0',1.79527677054311680798e+09);
CREATE TABLE scores (
            attempt INTEGER NOT NULL REFERENCES attempts(id), scorer TEXT NOT NULL, value REAL,
            extracted TEXT, why TEXT NOT NULL, PRIMARY KEY (attempt, scorer)
        ) WITHOUT ROWID;
INSERT INTO "scores" VALUES(13,'flexible-extract',1.0,'39','match');
INSERT INTO "scores" VALUES(13,'numeric',1.0,'39','match');
INSERT INTO "scores" VALUES(13,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(14,'flexible-extract',1.0,'59280','match');
INSERT INTO "scores" VALUES(14,'numeric',1.0,'59280','match');
INSERT INTO "scores" VALUES(14,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(15,'flexible-extract',1.0,'68.10','match');
INSERT INTO "scores" VALUES(15,'numeric',1.0,'68.10','match');
INSERT INTO "scores" VALUES(15,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(16,'flexible-extract',1.0,'39','match');
INSERT INTO "scores" VALUES(16,'numeric',1.0,'39','match');
INSERT INTO "scores" VALUES(16,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(17,'flexible-extract',0.0,'1','expected 59280');
INSERT INTO "scores" VALUES(17,'numeric',0.0,'1','expected 59280');
INSERT INTO "scores" VALUES(17,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
INSERT INTO "scores" VALUES(19,'flexible-extract',1.0,'68.10','match');
INSERT INTO "scores" VALUES(19,'numeric',1.0,'68.10','match');
INSERT INTO "scores" VALUES(19,'strict-match',0.0,'[invalid]','no number in the form this scorer reads');
CREATE TABLE steps (
            id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL REFERENCES attempts(id), idx INTEGER NOT NULL,
            verb TEXT NOT NULL, round INTEGER NOT NULL, thought INTEGER REFERENCES texts(id), answer TEXT,
            memory_before INTEGER REFERENCES texts(id), memory_after INTEGER REFERENCES texts(id),
            marks TEXT NOT NULL, claims TEXT NOT NULL, kept TEXT, dropped TEXT, invented TEXT, ending TEXT, vector_before INTEGER REFERENCES memories(id), vector_after INTEGER REFERENCES memories(id),
            UNIQUE (attempt, idx)
        );
INSERT INTO "steps" VALUES(1,1,0,'step',1,3,NULL,4,4,'[]','[["12 - 5 = 8 apples left", "7", "8", "wrong"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(2,1,1,'summarize',1,NULL,NULL,4,8,'[]','[]','["12", "5", "8"]','[]','["99"]',NULL,NULL,NULL);
INSERT INTO "steps" VALUES(3,1,2,'step',2,11,NULL,8,8,'[]','[["8 / 3 = 2 apples", "8/3", "2", "wrong"], ["and x + 1 = 3", null, "3", "unreadable"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(4,1,3,'summarize',2,NULL,NULL,8,14,'[]','[]','["8", "2"]','["99", "1"]','[]',NULL,NULL,NULL);
INSERT INTO "steps" VALUES(5,1,4,'step',3,16,'2',14,14,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(6,1,5,'conclude',3,16,'2',14,14,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(7,2,0,'step',1,19,NULL,4,4,'[]','[["12 - 5 = 7 apples left", "7", "7", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(8,2,1,'summarize',1,NULL,NULL,4,20,'[]','[]','["7"]','[]','[]',NULL,NULL,NULL);
INSERT INTO "steps" VALUES(9,2,2,'step',2,24,'2.33',20,20,'[]','[["7 / 3 = 2.33", "7/3", "233/100", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(10,2,3,'conclude',2,24,'2.33',20,20,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(11,3,0,'step',1,27,NULL,4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(12,3,1,'summarize',1,NULL,NULL,4,4,'["summary unreadable, memory kept"]','[]','[]','[]','[]',NULL,NULL,NULL);
INSERT INTO "steps" VALUES(13,3,2,'conclude',1,29,'Hm again',4,4,'[]','[]',NULL,NULL,NULL,'no progress',NULL,NULL);
INSERT INTO "steps" VALUES(14,4,0,'step',1,34,'5',4,4,'[]','[["2 + 3 = 5", "5", "5", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(15,4,1,'conclude',1,34,'5',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(16,5,0,'step',1,36,NULL,4,4,'[]','[["12 - 5 = 7 left", "7", "7", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(17,5,1,'summarize',1,NULL,NULL,4,37,'[]','[]','["12", "5", "7"]','[]','[]',NULL,NULL,NULL);
INSERT INTO "steps" VALUES(18,5,2,'step',2,24,'2.33',37,37,'[]','[["7 / 3 = 2.33", "7/3", "233/100", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(19,5,3,'conclude',2,24,'2.33',37,37,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(20,6,0,'step',1,41,NULL,4,4,'[]','[["12 - 5 = 7", "7", "7", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(21,6,1,'summarize',1,NULL,NULL,4,44,'[]','[]','["7"]','[]','[]',NULL,NULL,NULL);
INSERT INTO "steps" VALUES(22,6,2,'step',2,24,'2.33',44,44,'[]','[["7 / 3 = 2.33", "7/3", "233/100", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(23,6,3,'conclude',2,24,'2.33',44,44,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(24,7,0,'conclude',0,16,'2',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(25,8,0,'step',1,16,'2',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(26,8,1,'step',2,50,'3',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(27,8,2,'step',3,16,'2',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(28,8,3,'conclude',3,16,'2',4,4,'["chain 1 of 3: 2", "chain 2 of 3: 3", "chain 3 of 3: 2"]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(29,9,0,'step',1,41,NULL,4,4,'[]','[["12 - 5 = 7", "7", "7", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(30,10,0,'step',2,24,'2.33',51,51,'[]','[["7 / 3 = 2.33", "7/3", "233/100", "right"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(31,10,1,'conclude',2,24,'2.33',51,51,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(32,11,0,'step',1,53,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,1,1);
INSERT INTO "steps" VALUES(33,11,1,'summarize',1,NULL,NULL,NULL,NULL,'[]','[]',NULL,NULL,NULL,NULL,1,2);
INSERT INTO "steps" VALUES(34,13,0,'step',1,56,'39',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(35,13,1,'conclude',1,56,'39',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(36,14,0,'step',1,59,'59280',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(37,14,1,'conclude',1,59,'59280',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(38,15,0,'step',1,62,'68.10',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(39,15,1,'conclude',1,62,'68.10',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(40,16,0,'step',1,56,'39',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(41,16,1,'conclude',1,56,'39',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(42,17,0,'step',1,64,'1',4,4,'[]','[["1 + 1 = 3", "2", "3", "wrong"]]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(43,17,1,'conclude',1,64,'1',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
INSERT INTO "steps" VALUES(44,19,0,'step',1,62,'68.10',4,4,'[]','[]',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "steps" VALUES(45,19,1,'conclude',1,62,'68.10',4,4,'[]','[]',NULL,NULL,NULL,'answered',NULL,NULL);
CREATE TABLE texts (
            id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, text TEXT NOT NULL
        );
INSERT INTO "texts" VALUES(1,X'FC88F8B657222A9F34B60914C19F1F0F','Ann has 12 apples and gives 5 away. Then she shares the rest among 3 walnut boxes. How many are in each?');
INSERT INTO "texts" VALUES(2,X'796B9B78125F3D827AB9E7810F7F3309','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":77,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(3,X'7BDCB57663FF14120C9904AC53213F5A','She has 12 - 5 = 8 apples left.');
INSERT INTO "texts" VALUES(4,X'1D47B4347DE7CA46F13B986364CD7D34','{"known": [], "next": []}');
INSERT INTO "texts" VALUES(5,X'C50E735168B7ABAC47F470B878DDBF63','You are a careful assistant that solves problems in short plain sentences, without LaTeX, code or headings. You write one short sentence for each step, with its calculation in it. When the final number is known, you end with a line ''Answer: N''.');
INSERT INTO "texts" VALUES(6,X'C8B3C181CAF35458676AB92A2372202F','Question: Ann has 12 apples and gives 5 away. Then she shares the rest among 3 walnut boxes. How many are in each?');
INSERT INTO "texts" VALUES(7,X'C93F8475E1D8436774C22375C04C67BE','Let''s think step by step.');
INSERT INTO "texts" VALUES(8,X'9E5D7B32DABCFD35033DE6E1AD6BB6B9','{"known": ["apples left = 12 - 5 = 8", "pears = 99"], "next": ["share them"]}');
INSERT INTO "texts" VALUES(9,X'194AF098B4AE0425CD5889F585623D86','Stop here. First a line ''Known:'', then for each calculation finished so far, earlier or just now, one line: the name of what it gives, the calculation and its number. Leave out plain facts of the question and calculate nothing new. Then a line ''Next:'', then what is still to be worked out, in words only.');
INSERT INTO "texts" VALUES(10,X'B3FD0210337C788C80319E4A69F1AAAC','Known:
- apples left = 12 - 5 = 8
- pears = 99
Next:
- share them');
INSERT INTO "texts" VALUES(11,X'6778ECB49ED0137F96B6400FEB6DB4B0','Each box gets 8 / 3 = 2 apples, and x + 1 = 3.');
INSERT INTO "texts" VALUES(12,X'FC3BCEDF68557349B459930EDDEBA952','Solution so far:
- apples left = 12 - 5 = 8
- pears = 99

Next:
- share them');
INSERT INTO "texts" VALUES(13,X'F8FCF4ED93435AD2218A0E8A0951D851','Let''s think step by step. Go on from where this solution stops, through to the end. Use its numbers; do not repeat its steps.');
INSERT INTO "texts" VALUES(14,X'001493EEB42CBCFFF58E68311924EA87','{"known": ["apples left = 8", "apples in each box = 2"], "next": ["tell the answer"]}');
INSERT INTO "texts" VALUES(15,X'E6C6AC3342F4F49C7B31B5BD285D5D8A','Known:
- apples left = 8
- apples in each box = 2
Next:
- tell the answer');
INSERT INTO "texts" VALUES(16,X'9EFF27922B4473677D7CD8A21993CAB3','Answer: 2');
INSERT INTO "texts" VALUES(17,X'B7FC38F29434108A945A7A0EAD8A373E','Solution so far:
- apples left = 8
- apples in each box = 2

Next:
- tell the answer');
INSERT INTO "texts" VALUES(18,X'93B1BA3A25BCF65562490E4208515B9B','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"json","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(19,X'82B18995C9F8E03395B78FDAC6F35240','She has 12 - 5 = 7 apples left.');
INSERT INTO "texts" VALUES(20,X'A96BD2AF4297714B1288F169CED28022','{"known": ["apples left = 7"], "next": ["share “them”"]}');
INSERT INTO "texts" VALUES(21,X'F3836EC2B85D3FBC6FF0D4D0C863554D','Stop here. Write notes, as JSON, that will replace the work above. known: for each calculation finished so far, earlier or just now, the name of what it gives, the calculation and its number; no plain facts of the question, nothing new. next: what is still to be worked out, in words only.');
INSERT INTO "texts" VALUES(22,X'FDDCA05EEABA5CDE0104341D00BF658E','{"known": ["apples left = 7"], "next": ["share \u201cthem\u201d"]}');
INSERT INTO "texts" VALUES(23,X'636E16C273754D2F8F690B4619D93B5B','{"type": "object", "properties": {"known": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 60}, "minItems": 1, "maxItems": 6}, "next": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 60}, "minItems": 0, "maxItems": 3}}, "required": ["known", "next"], "additionalProperties": false}');
INSERT INTO "texts" VALUES(24,X'46613BF7BDC65B14080CB5ABF8D0638F','7 / 3 = 2.33. Answer: 2.33');
INSERT INTO "texts" VALUES(25,X'DD0F01AC0394F7C20278E2AE2BC85F16','Solution so far:
- apples left = 7

Next:
- share “them”');
INSERT INTO "texts" VALUES(26,X'1D182A8C43BE9C50377B2A35416B37E4','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":2,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(27,X'6E72D95CB4B4FE164EE677F8DDCE4BDE','Hm.');
INSERT INTO "texts" VALUES(28,X'E3B0C44298FC1C149AFBF4C8996FB924','');
INSERT INTO "texts" VALUES(29,X'FDA0D23F09FD91B46868EF2109A0D99E','Hm again.');
INSERT INTO "texts" VALUES(30,X'7C76B24E1AC637936FFD081B965D2797','What is the answer to the question? Reply with one line only: ''Answer:'' and the number.');
INSERT INTO "texts" VALUES(31,X'1EA26256EBAE2E04E59EC5EF3C1DBB71','What is 2 + 3?');
INSERT INTO "texts" VALUES(32,X'AC9F63F37F04BB8BC8754CA7875F7569','A long text about nothing.');
INSERT INTO "texts" VALUES(33,X'08B6D09FF87DEBA65E8DFCDFCCDD98D5','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(34,X'C74D95AD79FCE3586B4BD5FA51C74C86','2 + 3 = 5. Answer: 5');
INSERT INTO "texts" VALUES(35,X'6507D0EA2EEEE8ED3FAE7FD3B452D1BE','Question: What is 2 + 3?');
INSERT INTO "texts" VALUES(36,X'99177FE2E494FF0D0AA34EABEE99C1FB','12 - 5 = 7 left.');
INSERT INTO "texts" VALUES(37,X'3277D62385E8C7C7F3FFD8C27BDF9CC7','{"known": ["12 - 5 = 7 left."], "next": [""]}');
INSERT INTO "texts" VALUES(38,X'1764DCB722F16B29A67EE5B2835B1552','Work so far:
12 - 5 = 7 left.');
INSERT INTO "texts" VALUES(39,X'AFF68C06B101515B2B0863B14500C6FE','Let''s think step by step. Go on from where this work stops, through to the end. Use its numbers; do not repeat its steps.');
INSERT INTO "texts" VALUES(40,X'3187DA32E4D9F46D9BC03DD12FFE79A0','{"variant":"fused","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.0,"seed":0,"recheck":false,"samples":5,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(41,X'7136338B1890482C6E9F03814770BC31','12 - 5 = 7.');
INSERT INTO "texts" VALUES(42,X'7780F0455AEF8CA217F1D6E6D4C1EBC3','Do only the first step of the solution, showing its calculation; if it gives the final number, end with a line ''Answer: N''. Then write a line ''What we know:'' and under it every quantity worked out so far, one per line, as ''what it is = value''. Then write a line ''What to do next:'' and under it what must still be calculated.');
INSERT INTO "texts" VALUES(43,X'6EF0926842ABEC895083E3FF523454A0','12 - 5 = 7.
What we know:
- left = 7
What to do next:
- share');
INSERT INTO "texts" VALUES(44,X'4EE150AB36FBD10B5E792063597F18E2','{"known": ["left = 7"], "next": ["share"]}');
INSERT INTO "texts" VALUES(45,X'E925FA80251ACCA8116D68A46F708209','Solution so far:
- left = 7

Next:
- share');
INSERT INTO "texts" VALUES(46,X'AB3A491C9607413368E09586F3D0CE27','Do only the next step of the solution from what we know, showing its calculation; if it gives the final number, end with a line ''Answer: N''. Then write a line ''What we know:'' and under it every quantity worked out so far, old and new, one per line, as ''what it is = value''. Then write a line ''What to do next:'' and under it what must still be calculated.');
INSERT INTO "texts" VALUES(47,X'90F8B3F25B0937E9F82F04070FF5349A','You are a careful assistant that solves problems.');
INSERT INTO "texts" VALUES(48,X'CBB2EFF2E20D79DC2E92012A7180FA41','Do not explain. Reply with one line ''Answer: N''.');
INSERT INTO "texts" VALUES(49,X'A7F78F8336E3F529BE198D698D963668','{"variant":"two-call","ablation":"none","drop_question":false,"memory_form":"text","step_tokens":192,"memory_tokens":144,"answer_tokens":128,"temperature":0.7,"seed":0,"recheck":false,"samples":3,"max_steps":12,"max_tokens":2048,"max_seconds":600.0}');
INSERT INTO "texts" VALUES(50,X'5C732E2792664AF79431C4FF48781D03','Answer: 3');
INSERT INTO "texts" VALUES(51,X'68F6A04BF9D8153BCD73405C62D2940F','{"known": ["apples left = 7"], "next": ["share them among the boxes"]}');
INSERT INTO "texts" VALUES(52,X'981356B3C9F2739BB2D3F9CE5E4732EE','Solution so far:
- apples left = 7

Next:
- share them among the boxes');
INSERT INTO "texts" VALUES(53,X'28D1F0652763C9A8661FD4178CD8FFDA','A segment.');
INSERT INTO "texts" VALUES(54,X'6BEE68883B1CBC8697A0E28451A7F896','Who is late?');
INSERT INTO "texts" VALUES(55,X'35A029E63A8DE38B48EF4796DA65B5A7','Abena sews a quilt with 8 rows of 10 squares. Of all the squares 15% are blue. Of the squares that are not blue a quarter are red, and all the rest are white. How many more white squares than blue squares are there?');
INSERT INTO "texts" VALUES(56,X'A2A5B4E861FB06F13072BEBD2A19ACBC','Let us see. Answer: 39');
INSERT INTO "texts" VALUES(57,X'D58D70B2BCA2F37E01E2E8A95A728934','Question: Abena sews a quilt with 8 rows of 10 squares. Of all the squares 15% are blue. Of the squares that are not blue a quarter are red, and all the rest are white. How many more white squares than blue squares are there?');
INSERT INTO "texts" VALUES(58,X'33A37F9684F477938AAABFF804368378','Ylva farms three fields. The first has 12 hectares, the second has 5 hectares more than the first, and the third is as large as the first two together. This year 10 hectares lie empty, and every other hectare gives 6.5 tons of barley. She sells the barley for 190 euros a ton. How many euros does she get?');
INSERT INTO "texts" VALUES(59,X'57415112AD1FCEC4284A663A92799FB0','Let us see. Answer: 59280');
INSERT INTO "texts" VALUES(60,X'D36E39F75D49EEBCF082888D979877AF','Question: Ylva farms three fields. The first has 12 hectares, the second has 5 hectares more than the first, and the third is as large as the first two together. This year 10 hectares lie empty, and every other hectare gives 6.5 tons of barley. She sells the barley for 190 euros a ton. How many euros does she get?');
INSERT INTO "texts" VALUES(61,X'2E41FA05672A4FF75E06487A89AC223D','Tuan has a rectangular plot 20 meters long and 15 meters wide. On it he digs 2 vegetable beds, each 6 meters by 4 meters, and a square pond with sides of 5 meters. On all the rest he sows grass. Grass seed costs $0.30 per square meter. How many dollars does the grass seed cost?');
INSERT INTO "texts" VALUES(62,X'EE80EF6E9F2D37BC047A35A205FC7FF7','Let us see. Answer: 68.10');
INSERT INTO "texts" VALUES(63,X'CCAC512A781E6DFFDF9413AB6393E0D1','Question: Tuan has a rectangular plot 20 meters long and 15 meters wide. On it he digs 2 vegetable beds, each 6 meters by 4 meters, and a square pond with sides of 5 meters. On all the rest he sows grass. Grass seed costs $0.30 per square meter. How many dollars does the grass seed cost?');
INSERT INTO "texts" VALUES(64,X'48DBE7C7179AB577FDD6AD0C0AA62E5E','1 + 1 = 3. Answer: 1');
CREATE VIRTUAL TABLE texts_fts USING fts5(text, content='texts', content_rowid='id', tokenize='porter');
INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts WHERE id IN (1, 3, 4, 8, 11, 14, 16, 19, 20, 24, 27, 29, 31, 34, 36, 37, 41, 44, 50, 51, 53, 54, 55, 56, 58, 59, 61, 62, 64);
CREATE INDEX attempts_run ON attempts(run, question_id);
CREATE UNIQUE INDEX attempts_done_once ON attempts(run, question_id)
            WHERE status = 'done' AND parent_attempt IS NULL AND run IS NOT NULL;
CREATE INDEX steps_thought ON steps(thought);
CREATE INDEX steps_memory_after ON steps(memory_after);
CREATE VIEW "step_costs" AS 
        SELECT steps.id AS step, steps.attempt, steps.idx, count(calls.idx) AS calls,
            coalesce(max(prompt_tokens + completion_tokens), 0) AS peak_context,
            coalesce(sum(completion_tokens), 0) AS generated,
            coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
            coalesce(sum(cached_tokens), 0) AS cached_tokens,
            coalesce(sum(completion_tokens * prompt_tokens + completion_tokens * (completion_tokens + 1) / 2), 0)
                AS attention_area
        FROM steps LEFT JOIN calls ON calls.step = steps.id GROUP BY steps.id;
CREATE VIEW "items" AS 
        SELECT run, question_id, max(id) AS attempt, count(*) AS tries FROM attempts
        WHERE run IS NOT NULL AND parent_attempt IS NULL GROUP BY run, question_id;
CREATE INDEX attempts_question ON attempts(question);
CREATE INDEX steps_invented ON steps(attempt) WHERE invented <> '[]';
CREATE TRIGGER steps_searched AFTER INSERT ON steps BEGIN
            INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
                WHERE id IN (new.thought, new.memory_after)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE thought = texts.id AND steps.id <> new.id)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE memory_after = texts.id AND steps.id <> new.id)
                    AND NOT EXISTS (SELECT 1 FROM attempts WHERE question = texts.id);
        END;
CREATE TRIGGER attempts_searched AFTER INSERT ON attempts BEGIN
            INSERT INTO texts_fts (rowid, text) SELECT id, text FROM texts
                WHERE id = new.question
                    AND NOT EXISTS (SELECT 1 FROM attempts WHERE question = texts.id AND attempts.id <> new.id)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE thought = texts.id)
                    AND NOT EXISTS (SELECT 1 FROM steps WHERE memory_after = texts.id);
        END;
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
        GROUP BY attempts.id, attempts.run -- a condition on either then bounds what is read
;
COMMIT;
